"""The languages: everything that people read is translated, and compiled as it is translated."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import django
import polib
import pytest

from tests.support.nodes import ROOT

LOCALE = ROOT / "locale"
LANGUAGES = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/django.po"))
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|<[^>]+>")


def _catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po"))


def test_there_are_languages() -> None:
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated(language: str) -> None:
    catalogue = _catalogue(language)
    assert len(catalogue) > 300
    missing = [e.msgid for e in catalogue if not e.obsolete and not e.translated()]
    assert missing == []
    assert [e.msgid for e in catalogue if e.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_elements_are_kept(language: str) -> None:
    for entry in _catalogue(language):
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        wanted = set(_PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        found = [set(_PLACEHOLDER.findall(text)) for text in texts]
        # A form for one may say the number as a word; the last form is for many.
        assert found[-1] == wanted, entry.msgid
        for forms in found:
            assert forms <= wanted, entry.msgid


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_translated(language: str) -> None:
    compiled = polib.mofile(str(LOCALE / language / "LC_MESSAGES" / "django.mo"))
    for entry in _catalogue(language):
        found = compiled.find(entry.msgid, msgctxt=entry.msgctxt or False)
        assert found is not None, entry.msgid
        assert (found.msgstr, found.msgstr_plural) == (entry.msgstr, entry.msgstr_plural)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs Debian's gettext")
def test_nothing_that_is_to_be_translated_is_missing_from_the_catalogues(tmp_path: Path) -> None:
    """Collect everything anew, in a copy, and compare."""
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(".*", "data", "build", "tests", "bench", "*.mo", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignored)
    ours = {"SDMPWEB_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "sdmpweb.settings"}
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--all", "--no-obsolete", "--no-wrap"],
        cwd=copy, check=True, capture_output=True, timeout=300,
        env={**os.environ, **ours},
    )  # fmt: skip
    for language in LANGUAGES:
        path = copy / "locale" / language / "LC_MESSAGES" / "django.po"
        wanted = {(e.msgctxt, e.msgid, e.msgid_plural) for e in polib.pofile(str(path))}
        held = {(e.msgctxt, e.msgid, e.msgid_plural) for e in _catalogue(language)}
        assert wanted - held == set(), f"run scripts/messages and translate ({language})"
        assert held - wanted == set(), f"run scripts/messages ({language})"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_dates_are_left_to_django(language: str) -> None:
    """A word without context means the same everywhere: who may do what is not the month of May."""
    theirs = Path(django.__file__).parent / "conf" / "locale" / language / "LC_MESSAGES"
    known = {(e.msgctxt, e.msgid): e.msgstr for e in polib.pofile(str(theirs / "django.po"))}
    ours = {(e.msgctxt, e.msgid): e.msgstr for e in _catalogue(language)}
    shared = known.keys() & ours.keys()
    assert {key: ours[key] for key in shared if known[key] and ours[key] != known[key]} == {}
