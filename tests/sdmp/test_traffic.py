"""What nodes say in an open session, written and read again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmp import limits, traffic
from sdmp.container import build
from sdmp.encoding import b64
from sdmp.errors import Malformed
from sdmp.resource import Resource, read_resource
from sdmp.signature import read_envelope
from sdmp.traffic import (
    Batch,
    Broadcast,
    Message,
    One,
    RequestJournal,
    RequestResource,
    Response,
    check_answer,
    read_traffic,
)
from tests.support.cast import ALICE, BOB, DESK, LAPTOP

HASHES = st.binary(min_size=64, max_size=64).map(b64)
LINES = st.builds("{}@{}/{}".format, HASHES, HASHES, HASHES)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=128)
REFERENCES = st.tuples(HASHES, HASHES)
HERE, THERE = LAPTOP.fingerprint, DESK.fingerprint


def carried(kind: str, section: Any) -> Resource:
    """A section as it comes out at the other end of a session."""
    envelope = LAPTOP.resource(**{kind: section})
    return read_resource(read_envelope(envelope.to_bytes()), traffic=True)


def said(kind: str, section: Any) -> Message:
    """What a section says at the other end of a session."""
    return read_traffic(carried(kind, section))


@given(HASHES, st.lists(LINES, max_size=5))
def test_a_broadcast_is_read_as_it_was_written(since: str, entries: list[str]) -> None:
    section = traffic.broadcast(since, entries)
    assert said("broadcast", section) == Broadcast(since, tuple(entries))


@given(NAMES, HASHES, st.none() | st.integers(1, 10**6))
def test_a_request_for_lines_is_read_as_it_was_written(
    identifier: str, since: str, limit: int | None
) -> None:
    section = traffic.request_journal(identifier, since, limit)
    assert said("request_journal", section) == RequestJournal(identifier, since, limit)


@given(NAMES, REFERENCES)
def test_a_request_for_one_is_read_as_it_was_written(
    identifier: str, reference: tuple[str, str]
) -> None:
    section = traffic.request_one(identifier, *reference)
    expected = RequestResource(identifier, (reference,), single=True)
    assert said("request_resource", section) == expected


@given(NAMES, st.lists(REFERENCES, min_size=1, max_size=5))
def test_a_request_for_a_batch_is_read_as_it_was_written(
    identifier: str, wanted: list[tuple[str, str]]
) -> None:
    section = traffic.request_batch(identifier, wanted)
    assert said("request_resource", section) == RequestResource(identifier, tuple(wanted))


@given(NAMES, HASHES, st.lists(LINES, max_size=5))
def test_an_answer_with_lines_is_read_as_it_was_written(
    identifier: str, since: str, entries: list[str]
) -> None:
    response = said("response", traffic.answer_journal(identifier, since, entries))
    assert response == Response(identifier, "ok", Broadcast(since, tuple(entries)))
    check_answer(RequestJournal(identifier, since, len(entries) or None), response)


def test_an_answer_with_one_resource_is_read_as_it_was_written() -> None:
    response = said("response", traffic.answer_one("1", BOB.identity()))
    assert response == Response("1", "ok", One(BOB.identity().to_json()))
    assert isinstance(response.data, One)
    assert read_envelope(response.data.resource) == BOB.identity()
    check_answer(RequestResource("1", ((HERE, THERE),), single=True), response)


@pytest.mark.parametrize("status", ["not_found", "bad_request"])
def test_a_no_is_read_as_it_was_written(status: str) -> None:
    response = said("response", traffic.answer_no("1", status))
    assert response == Response("1", status)
    check_answer(RequestJournal("1", HERE), response)


def test_a_bad_resource_in_a_batch_spoils_no_other() -> None:
    section: Any = traffic.answer_batch("1", [ALICE.identity(), BOB.identity()], [(HERE, THERE)])
    section["data"]["resources"][0]["signature"] = "nonsense"
    section["data"]["resources"].append(17)
    response = said("response", section)
    assert isinstance(response, Response)
    assert isinstance(response.data, Batch)
    assert response.data.not_found == ((HERE, THERE),)
    bad, good, number = response.data.resources
    assert read_envelope(good) == BOB.identity()
    for each in (bad, number):
        with pytest.raises(Malformed):
            read_envelope(each)
    check_answer(RequestResource("1", ((HERE, THERE), (THERE, HERE))), response)


def test_another_library_may_write_whole_numbers_as_floats() -> None:
    section = {"identifier": "1", "since": HERE, "limit": 2.0}
    request = said("request_journal", section)
    assert request == RequestJournal("1", HERE, 2)
    assert isinstance(request, RequestJournal)
    assert type(request.limit) is int


REFERENCE = f"{HERE}/{THERE}"
ANY = "some data"


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        ("broadcast", {"since": HERE, "entries": [1]}),
        ("broadcast", {"since": HERE}),
        ("broadcast", {"since": "1", "entries": []}),
        ("request_journal", {"identifier": "1", "since": HERE, "limit": 0}),
        ("request_journal", {"identifier": "1", "since": HERE, "limit": True}),
        ("request_journal", {"identifier": "1", "since": HERE, "limit": 1.5}),
        ("request_journal", {"identifier": "", "since": HERE}),
        ("request_journal", {"identifier": "x" * 129, "since": HERE}),
        ("request_resource", {"identifier": "1"}),
        ("request_resource", {"identifier": "1", "author": HERE}),
        ("request_resource", {"identifier": "1", "resources": []}),
        ("request_resource", {"identifier": "1", "resources": [HERE]}),
        ("request_resource", {"identifier": "1", "resources": [REFERENCE + "/"]}),
        ("request_resource", {"identifier": "1", "resources": [REFERENCE] * 257}),
        (
            "request_resource",
            {"identifier": "1", "author": HERE, "resource": THERE, "resources": [REFERENCE]},
        ),
        ("response", {"identifier": "1", "status": "maybe"}),
        ("response", {"identifier": "1", "status": "ok", "data": []}),
        ("response", {"identifier": "1", "status": "ok", "data": {}}),
        ("response", {"identifier": "1", "status": "ok", "data": build(message=ANY)}),
        (
            "response",
            {
                "identifier": "1",
                "status": "ok",
                "data": build(broadcast=traffic.broadcast(HERE, []), message=ANY),
            },
        ),
        ("response", {"identifier": "1", "status": "not_found", "data": {}}),
        (
            "response",
            {"identifier": "1", "status": "not_found", "data": BOB.identity().to_json()},
        ),
        ("response", {"identifier": "1", "status": "ok", "data": {"resources": []}}),
        (
            "response",
            {"identifier": "1", "status": "ok", "data": {"resources": {}, "not_found": []}},
        ),
        (
            "response",
            {"identifier": "1", "status": "ok", "data": {"resources": [], "not_found": [HERE]}},
        ),
        (
            "response",
            {
                "identifier": "1",
                "status": "ok",
                "data": {"resources": [], "not_found": [REFERENCE] * 257},
            },
        ),
        (
            "response",
            {"identifier": "1", "status": "ok", "data": {"resources": [0] * 513, "not_found": []}},
        ),
        ("message", "hello"),
        ("node", {"ips": []}),
        ("identity", None),
    ],
)
def test_what_is_not_traffic_is_refused(kind: str, section: Any) -> None:
    with pytest.raises(Malformed):
        said(kind, section)


def test_at_most_5000_lines_come_at_once() -> None:
    entries = [f"{HERE}@{HERE}/{HERE}"] * limits.JOURNAL_LINES
    whole = said("broadcast", traffic.broadcast(HERE, entries))
    assert isinstance(whole, Broadcast)
    assert len(whole.entries) == 5_000
    for kind, section in (
        ("broadcast", traffic.broadcast(HERE, [*entries, entries[0]])),
        ("response", traffic.answer_journal("1", HERE, [*entries, entries[0]])),
    ):
        with pytest.raises(Malformed):
            said(kind, section)


LINES_AFTER_HERE = Broadcast(HERE, ("a", "b"))
JOURNAL = RequestJournal("1", HERE)
SINGLE = RequestResource("1", ((HERE, THERE),), single=True)
MANY = RequestResource("1", ((HERE, THERE),))


@pytest.mark.parametrize(
    ("request_", "data"),
    [
        (JOURNAL, One({})),
        (JOURNAL, Batch((), ())),
        (JOURNAL, Broadcast(THERE, ())),
        (JOURNAL, None),
        (RequestJournal("1", HERE, 1), LINES_AFTER_HERE),
        (SINGLE, LINES_AFTER_HERE),
        (SINGLE, Batch((), ())),
        (SINGLE, None),
        (MANY, LINES_AFTER_HERE),
        (MANY, One({})),
        (MANY, Batch((), ((THERE, HERE),))),
        (MANY, None),
    ],
)
def test_an_answer_to_something_else_is_refused(request_: Any, data: Any) -> None:
    with pytest.raises(Malformed):
        check_answer(request_, Response("1", "ok", data))
