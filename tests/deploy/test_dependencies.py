"""What the packages import is what pyproject.toml says that an installation needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from django.conf import settings

from tests.support.nodes import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_PACKAGES: list[str] = _PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
# Nothing of ours imports these: others do, by a name in a setting or of themselves.
_BY_NAME = {
    "argon2-cffi": "Django, for PASSWORD_HASHERS",
    "channels-redis": "Channels, for CHANNEL_LAYERS",
    "httptools": "uvicorn, for `http`",
    "linkify-it-py": "markdown-it-py, for links in texts",
    "tzdata": "zoneinfo, where the system has no time zones",
}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(file: Path) -> Iterator[str]:
    """Give the top-level modules that a file imports at its run, wherever in it."""
    for node in _at_run(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _at_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, but for what is imported for its types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from _at_run(node)


def test_what_is_imported_is_needed_and_the_other_way_round() -> None:
    known = packages_distributions()
    imported: dict[str, str] = {}
    for package in _PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for module in _imported(file):
                if module not in sys.stdlib_module_names and module not in _PACKAGES:
                    imported.setdefault(module, str(file.relative_to(ROOT)))
    for name in (*settings.INSTALLED_APPS, *settings.MIDDLEWARE):
        if (module := name.partition(".")[0]) not in _PACKAGES:
            imported.setdefault(module, "sdmpweb/settings.py")
    assert {"django", "celery", "cryptography", "joserfc"} <= set(imported)
    needed = {
        _normal(re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0])
        for text in _PROJECT["project"]["dependencies"]
    }
    given = {module: {_normal(name) for name in known.get(module, ())} for module in imported}
    missing = {module: imported[module] for module in imported if not given[module] & needed}
    assert missing == {}
    unused = needed.difference(*given.values()) - {_normal(name) for name in _BY_NAME}
    assert unused == set()
