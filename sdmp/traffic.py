"""What two nodes say to each other in an open session: broadcasts, requests, responses.

Each is one section of a resource signed by the key proven in the handshake. The functions in
lower case build sections for `make_resource`; `read_traffic` reads them. Protocol §10, §11.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sdmp import limits
from sdmp.container import build, check_container
from sdmp.encoding import JSON, is_fingerprint
from sdmp.errors import BadSchema
from sdmp.resource import Resource
from sdmp.signature import Envelope

Section = dict[str, JSON]
Reference = tuple[str, str]
"""A resource as requests name it: fingerprint of the author, identifier of the resource."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Journal lines that follow the line whose identifier is `since`. The chain is unchecked."""

    since: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestJournal:
    """Asks for the lines after `since`, at most `limit` where it is not None."""

    identifier: str
    since: str
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class RequestResource:
    """Asks for resources: for one by itself (`single`), or for a batch of 1 to 256."""

    identifier: str
    wanted: tuple[Reference, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """The resource that was asked for by itself, or the revocation in its place: JSON, unread."""

    resource: JSON


@dataclass(frozen=True, slots=True)
class Batch:
    """An answer to a batch. Each resource is JSON, unread, so that a bad one spoils no other."""

    resources: tuple[JSON, ...]
    not_found: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """Answers the request `identifier`; `status` is "ok", "bad_request" or "not_found"."""

    identifier: str
    status: str
    data: Broadcast | One | Batch | None = None


Request = RequestJournal | RequestResource
Message = Broadcast | Request | Response


def broadcast(since: str, entries: Sequence[str]) -> Section:
    """Return a `broadcast` section: the lines `entries`, which follow the line `since`."""
    return {"since": since, "entries": list(entries)}


def request_journal(identifier: str, since: str, limit: int | None = None) -> Section:
    """Return a `request_journal` section; `identifier` (1 to 128 characters) names the request."""
    section: Section = {"identifier": identifier, "since": since}
    if limit is not None:
        section["limit"] = limit
    return section


def request_one(identifier: str, author: str, resource: str) -> Section:
    """Return a `request_resource` section that asks for one resource by itself."""
    return {"identifier": identifier, "author": author, "resource": resource}


def request_batch(identifier: str, wanted: Sequence[Reference]) -> Section:
    """Return a `request_resource` section that asks for a batch of 1 to 256 resources."""
    return {"identifier": identifier, "resources": [_write_reference(each) for each in wanted]}


def answer_journal(identifier: str, since: str, entries: Sequence[str]) -> Section:
    """Return the `response` section that answers a request for journal lines."""
    return _ok(identifier, build(broadcast=broadcast(since, entries)))


def answer_one(identifier: str, envelope: Envelope) -> Section:
    """Return the `response` section that answers a request for one resource."""
    return _ok(identifier, envelope.to_json())


def answer_batch(
    identifier: str, resources: Sequence[Envelope], not_found: Sequence[Reference] = ()
) -> Section:
    """Return the `response` section that answers a request for a batch."""
    data: Section = {
        "resources": [envelope.to_json() for envelope in resources],
        "not_found": [_write_reference(each) for each in not_found],
    }
    return _ok(identifier, data)


def answer_no(identifier: str, status: str = "not_found") -> Section:
    """Return a `response` section without data: "not_found", or "bad_request"."""
    return {"status": status, "identifier": identifier}


def read_traffic(resource: Resource) -> Message:
    """Return what a resource of traffic says.

    `resource` has been read with `traffic=True`, so its section fits the schema. Whether it is
    signed by the key of the session is the caller's to check (`resource.signer`).

    Raises BadSchema for a resource of another kind or data that no response can have, beyond the
    limits of protocol §11 too.
    """
    section = resource.sections.get(resource.kind)
    if not isinstance(section, dict):
        raise BadSchema(f"A resource of the kind {resource.kind} is no traffic.")
    match resource.kind:
        case "broadcast":
            return _read_broadcast(section)
        case "request_journal":
            limit = section.get("limit")
            # JSON Schema counts 2.0 among the integers.
            whole = int(limit) if isinstance(limit, int | float) else None
            since = _string(section, "since")
            return RequestJournal(_string(section, "identifier"), since, whole)
        case "request_resource":
            return _read_request_resource(section)
        case "response":
            return _read_response(section)
        case kind:
            raise BadSchema(f"A resource of the kind {kind} is no traffic.")


def check_answer(request: Request, response: Response) -> None:
    """Check that a response can answer a request; the caller has matched the identifiers.

    Raises BadSchema for data of another kind, journal lines from another place or more of them
    than were asked for, and for a batch that reports as missing what nobody asked for.
    """
    data = response.data
    if response.status != "ok":
        return
    match request, data:
        case RequestJournal(), Broadcast():
            if data.since != request.since:
                raise BadSchema("A response must hold the lines since the one asked for.")
            if request.limit is not None and len(data.entries) > request.limit:
                raise BadSchema(f"A response must hold at most {request.limit} lines as asked.")
        case RequestResource(single=True), One():
            pass
        case RequestResource(single=False), Batch():
            if not set(data.not_found) <= set(request.wanted):
                raise BadSchema("A response must report missing only what was asked for.")
        case _:
            raise BadSchema("A response must hold what its request asked for.")


def _ok(identifier: str, data: Section) -> Section:
    return {"status": "ok", "identifier": identifier, "data": data}


def _read_broadcast(section: Section) -> Broadcast:
    entries = section.get("entries")
    if not isinstance(entries, list):
        raise BadSchema("“entries” must be a list of journal lines.")
    return Broadcast(_string(section, "since"), _strings(entries))


def _read_request_resource(section: Section) -> RequestResource:
    identifier = _string(section, "identifier")
    batch = section.get("resources")
    if batch is None:
        only = (_string(section, "author"), _string(section, "resource"))
        return RequestResource(identifier, (only,), single=True)
    return RequestResource(identifier, _read_references(batch))


def _read_response(section: Section) -> Response:
    identifier, status = _string(section, "identifier"), _string(section, "status")
    data = section.get("data")
    if data is None:
        return Response(identifier, status)
    return Response(identifier, status, _read_data(data))


def _read_data(data: JSON) -> Broadcast | One | Batch:
    if not isinstance(data, dict):
        raise BadSchema("The data of a response must be an object.")
    if data.keys() == {"resources", "not_found"}:
        return _read_batch(data)
    if "signature" in data:  # read in full by the caller, as each resource of a batch
        return One(data)
    container = check_container(data)
    section = container.section("broadcast") if container.schemas == ("broadcast",) else None
    if not isinstance(section, dict):
        raise BadSchema("The data of a response must be a broadcast, a resource or a batch.")
    return _read_broadcast(section)


def _read_batch(data: Section) -> Batch:
    resources = data["resources"]
    # Twice as many as can be asked for: an ended identity or trust comes with its revocation.
    if not isinstance(resources, list) or len(resources) > 2 * limits.BATCH_RESOURCES:
        raise BadSchema(f"“resources” must be a list of at most {2 * limits.BATCH_RESOURCES}.")
    return Batch(tuple(resources), _read_references(data["not_found"]))


def _read_references(value: JSON) -> tuple[Reference, ...]:
    if not isinstance(value, list) or len(value) > limits.BATCH_RESOURCES:
        raise BadSchema(f"At most {limits.BATCH_RESOURCES} resources can be listed.")
    return tuple(_read_reference(text) for text in _strings(value))


def _read_reference(text: str) -> Reference:
    author, _, resource = text.partition("/")
    if not is_fingerprint(author) or not is_fingerprint(resource):
        raise BadSchema("A resource must be named as author/resource.")
    return author, resource


def _write_reference(reference: Reference) -> str:
    author, resource = reference
    return f"{author}/{resource}"


def _string(section: Section, name: str) -> str:
    value = section.get(name)
    if not isinstance(value, str):
        raise BadSchema(f"`{name}` must be a string.")
    return value


def _strings(values: list[JSON]) -> tuple[str, ...]:
    strings = tuple(value for value in values if isinstance(value, str))
    if len(strings) != len(values):
        raise BadSchema("A list of strings holds something else.")
    return strings
