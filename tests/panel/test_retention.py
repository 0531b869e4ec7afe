"""Limits and retention in the panel."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from hosting import runs
from hosting.models import AuditEntry, RetentionRule, Run
from hosting.work import WORK
from journal.models import Resource
from tests.mail.conftest import House
from tests.mail.conftest import house as house
from tests.panel.test_storage import _owner


def _post(client: Client, **fields: object) -> int:
    return client.post(reverse("admin:retention"), fields).status_code


def _page(client: Client) -> str:
    return client.get(reverse("admin:retention")).content.decode()


def test_rules_are_tried_before_they_are_kept_to(house: House) -> None:
    owner = _owner(house)
    assert _post(owner, do="try", private="90", bin="30") == 302
    runs.do_asked("here", WORK)
    text = _page(owner)
    assert "What would go" in text
    assert "Keep to these rules from now on" in text
    assert RetentionRule.objects.count() == 0
    tried = Run.objects.get(kind="retention")
    assert _post(owner, do="apply", run=tried.pk + 1) == 400
    assert _post(owner, do="apply", run=tried.pk) == 302
    assert dict(RetentionRule.objects.values_list("kind", "days")) == {"private": 90, "bin": 30}
    assert AuditEntry.objects.get(action="retention.rules").details == {"private": 90, "bin": 30}
    runs.do_asked("here", WORK)
    assert "What went last" in _page(owner)
    assert Resource.objects.filter(payload=None).count() == 0
    assert _post(owner, do="end") == 302
    assert RetentionRule.objects.count() == 0


def test_rules_by_which_nothing_goes_or_is_kept_are_left_out(house: House) -> None:
    house.write()
    owner = _owner(house)
    assert _post(owner, do="try", private="90", passed_over="30", history="40") == 302
    runs.do_asked("here", WORK)
    found = Run.objects.get().findings[1:]
    assert [(each["count"], bool(each["kept"])) for each in found] == [
        (0, True),
        (0, False),
        (0, False),
    ]
    text = _page(owner)
    table = text[text.index("found-title") : text.index("rules-title")]
    assert "Sealed originals" in table
    assert "Notes about lines" not in table
    assert "remembers of its own" not in table


def test_what_is_no_rule_is_refused_in_one_sentence(house: House) -> None:
    owner = _owner(house)
    for wrong in ("1", "-5", "x", "9" * 30, "٣٠"):
        assert _post(owner, do="try", private=wrong) == 400, wrong
    assert _post(owner, do="apply") == 400
    assert _post(owner) == 400
    assert Run.objects.count() == 0


def test_the_limits_are_listed(house: House) -> None:
    assert "SDMPWEB_" in _page(_owner(house))
