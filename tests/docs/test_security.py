"""What docs/security.md says nobody can do names a test, and the test is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.nodes import ROOT

_ROW = re.compile(r"^\| (?P<cannot>[^|]+) \| (?P<shown>[^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _cannots() -> list[tuple[str, str]]:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    part = page.split("## What each party can and cannot\n", 1)[1].split("\n## ", 1)[0]
    rows = [(row["cannot"].strip(), row["shown"].strip()) for row in _ROW.finditer(part)]
    return [row for row in rows if row[0] not in ("cannot", "---")]


def test_each_party_has_its_cannots() -> None:
    assert len(_cannots()) >= 32


@pytest.mark.parametrize(("cannot", "shown"), _cannots())
def test_a_test_shows_it(cannot: str, shown: str) -> None:
    named = _TEST.fullmatch(shown)
    assert named is not None, f"{cannot!r} names no test"
    tree = ast.parse((ROOT / named[1]).read_text(encoding="utf-8"))
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == named[2]
    ]
    assert len(found) == 1, f"{shown} is not there"
    assert any(isinstance(node, ast.Assert | ast.With | ast.Call) for node in ast.walk(found[0]))
