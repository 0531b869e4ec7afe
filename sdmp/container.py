"""Containers: what every object of the protocol is (protocol §2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sdmp import schemas
from sdmp.encoding import JSON, read_json
from sdmp.errors import BadSchema, BadVersion

VERSION: Final = "0.12.0"

# From a schema URI to the JSON Schema held under it, or None.
Resolve: TypeAlias = Callable[[str], JSON]

_SPOKEN: Final = re.compile(r"0\.12\.(?:0|[1-9][0-9]*)")
_HASH: Final = "[A-Za-z0-9_-]{85}[AQgw]"
_SCHEMA_URI: Final = re.compile(f"sdmp://{_HASH}/{_HASH}")


@dataclass(frozen=True, slots=True)
class Container:
    """A valid container: its schemas in the order listed, and their sections by name."""

    schemas: tuple[str, ...]
    sections: dict[str, JSON]

    def section(self, name: str) -> JSON:
        """Return the section of a schema that the container lists."""
        return self.sections[name]


def build(**sections: Any) -> dict[str, JSON]:
    """Return a container of these sections, listed in the order given. Not judged."""
    return build_from(sections)


def build_from(sections: Mapping[str, Any]) -> dict[str, JSON]:
    """Return a container of these sections, whose names may be schema URIs. Not judged."""
    return {"sdmp": {"version": VERSION, "schemas": list(sections)}, **sections}


def read_container(
    data: bytes | str, *, limit: int | None = None, resolve: Resolve | None = None
) -> Container:
    """Read a container from JSON of at most `limit` bytes.

    Raises TooLarge, BadJSON, and what `check_container` raises.
    """
    return check_container(read_json(data, limit), resolve)


def check_container(value: JSON, resolve: Resolve | None = None) -> Container:
    """Judge parsed JSON as a container (protocol §2).

    `resolve` finds the schemas named by URIs; without it none is held. Raises BadVersion naming
    the version, BadSchema, or BadEncoding for a hash in a section that is not canonical.
    """
    if not isinstance(value, dict):
        raise BadSchema("A container is a JSON object.")
    names = _check_envelope(value)
    sections: dict[str, JSON] = {}
    for name in names:
        section = sections[name] = value[name]
        if name in schemas.NAMES:
            schemas.check_core(name, section)
            continue
        schema = resolve(name) if resolve is not None else None
        if schema is None:
            raise BadSchema(f"The schema {name} is not held here.")
        schemas.check_published(name, schema, section)
    return Container(tuple(names), sections)


def _check_envelope(value: dict[str, JSON]) -> list[str]:
    """Judge the `sdmp` section and the names of the others; return the schemas listed."""
    head = value.get("sdmp")
    if not isinstance(head, dict):
        raise BadSchema("A container has a section “sdmp”.")
    version = head.get("version")
    if not isinstance(version, str):
        raise BadSchema("A container says its version as a string.")
    if _SPOKEN.fullmatch(version) is None:
        raise BadVersion(f"Version {version[:64]!r} is not spoken here, only 0.12.")
    if head.keys() != {"version", "schemas"}:
        raise BadSchema("The section “sdmp” holds version and schemas and nothing else.")
    listed = head["schemas"]
    if not isinstance(listed, list) or not listed:
        raise BadSchema("A container lists its schemas.")
    names: list[str] = []
    for name in listed:
        if not isinstance(name, str):
            raise BadSchema("A schema is listed by its name.")
        if name not in schemas.NAMES and _SCHEMA_URI.fullmatch(name) is None:
            raise BadSchema(f"{name[:64]!r} is neither a core schema nor the URI of a schema.")
        names.append(name)
    if len(set(names)) != len(names):
        raise BadSchema("A container lists a schema twice.")
    if value.keys() != {"sdmp", *names}:
        raise BadSchema("A container has the sections of the schemas it lists and no others.")
    return names
