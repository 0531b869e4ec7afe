"""Asking ourselves at our own door: only this node answers, and says what came through."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing

from nodes import own_door


def _scope(*headers: tuple[str, str], client: Any = ("9.9.9.9", 1)) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {"type": "websocket", "headers": raw, "client": client}


def _answer(scope: dict[str, Any]) -> str:
    [(name, value)] = own_door.answer(scope)
    assert name == b"sdmpweb-own-door"
    return value.decode()


def test_the_answer_says_what_came_through() -> None:
    question = own_door.ask()
    scope = _scope(
        ("Host", "mail.example.org"),
        (own_door.HEADER, question),
        ("X-Forwarded-Proto", "https"),
    )
    seen = own_door.read(question, _answer(scope))
    assert seen == own_door.Seen("mail.example.org", "https", "public")


@pytest.mark.parametrize(
    ("client", "reach"),
    [(("127.0.0.1", 1), "loopback"), (("10.0.0.1", 1), "private"), (None, "loopback")],
)
def test_from_how_far_it_seems_to_come(client: Any, reach: str) -> None:
    question = own_door.ask()
    seen = own_door.read(question, _answer(_scope((own_door.HEADER, question), client=client)))
    assert seen is not None
    assert seen.caller == reach


def test_strangers_are_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_door.answer(_scope()) == []
    assert own_door.answer(_scope((own_door.HEADER, "who are you?"))) == []
    other = signing.dumps("nonce", key="another node's secret", salt=own_door._QUESTION)
    assert own_door.answer(_scope((own_door.HEADER, other))) == []
    old = own_door.ask()
    monkeypatch.setattr(own_door, "_SECONDS", -1)
    assert own_door.answer(_scope((own_door.HEADER, old))) == []


def test_only_an_answer_to_this_question_counts() -> None:
    question, another = own_door.ask(), own_door.ask()
    answer = _answer(_scope((own_door.HEADER, question)))
    assert own_door.read(question, answer) is not None
    assert own_door.read(another, answer) is None
    assert own_door.read(question, "") is None
    assert own_door.read(question, question) is None  # somebody says back what was asked
