"""Schemas that users publish, and sections judged by them (protocol §2, `schema`).

Who publishes a schema is a stranger, so neither it nor what it judges may cost more than a
bounded effort: a schema has at most 64 KiB and refers to nothing outside itself; its regular
expressions take bounded memory, and linear time unless one of them looks around or back, when
they may backtrack a bounded number of times; and before a section is judged, `effort` counts how
often its parts would be looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from sdmp import limits
from sdmp.encoding import JSON, write_json
from sdmp.errors import BadSchema
from sdmp.schemas.effort import check_effort

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# Keywords whose value is a map from names to schemas, and those whose value is data.
_MAPS: Final = frozenset(
    {"$defs", "definitions", "properties", "patternProperties", "dependentSchemas"}
)
_DATA: Final = frozenset({"const", "enum", "default", "examples"})

_COMPILED_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class _Compiled:
    validator: jsonschema_rs.Draft202012Validator
    backtracks: bool


_compiled: OrderedDict[bytes, _Compiled] = OrderedDict()


def check_schema(schema: JSON) -> None:
    """Judge a `schema` section beyond its being an object.

    Raises BadSchema when it is over 64 KiB, says `$id` or another dialect, refers to something
    outside itself, or is not a valid JSON Schema 2020-12 (protocol §2).
    """
    if not isinstance(schema, dict):
        raise BadSchema("A schema is an object.")
    text = write_json(schema)
    if len(text) > limits.SCHEMA_BYTES:
        raise BadSchema(f"This schema is larger than {limits.SCHEMA_BYTES} bytes.")
    _check_keywords(schema)
    _compile(text, schema)


def check_published(name: str, schema: JSON, section: JSON) -> None:
    """Judge the section of a URI schema by the JSON Schema that the URI names.

    Raises BadSchema when it is not valid, or when telling would take too long (protocol §2).
    """
    if not isinstance(schema, dict):
        raise BadSchema("A schema is an object.")
    compiled = _compile(write_json(schema), schema)
    check_effort(schema, section, limits.SCHEMA_EFFORT, backtracks=compiled.backtracks)
    if not compiled.validator.is_valid(section):
        raise BadSchema(f"A section is not valid against its schema {name}.")


def _check_keywords(schema: dict[str, JSON]) -> None:
    """Walk the schema and all in it that could be one."""
    waiting: list[JSON] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        if not isinstance(value, dict):
            continue
        if "$id" in value:
            raise BadSchema("A published schema has no $id.")
        if value.get("$schema", DIALECT) not in (DIALECT, DIALECT + "#"):
            raise BadSchema("A published schema is JSON Schema 2020-12 and no other.")
        for word in ("$ref", "$dynamicRef"):
            target = value.get(word, "#")
            if not isinstance(target, str) or not target.startswith("#"):
                raise BadSchema("A published schema refers to nothing outside itself.")
        for word, part in value.items():
            if word in _MAPS and isinstance(part, dict):
                waiting.extend(part.values())
            elif word not in _DATA:
                waiting.append(part)


def _compile(text: bytes, schema: dict[str, Any]) -> _Compiled:
    """Return the compiled schema, from the few last used when it is there."""
    compiled = _compiled.get(text)
    if compiled is None:
        # What all of its regular expressions may take is divided among them.
        size = limits.REGEX_BYTES // max(1, _count_patterns(schema))
        try:
            compiled = _Compiled(_validator(schema, _linear(size)), backtracks=False)
        except BadSchema:
            compiled = _Compiled(_validator(schema, _backtracking(size)), backtracks=True)
        _compiled[text] = compiled
        while len(_compiled) > _COMPILED_MAX:
            _compiled.popitem(last=False)
    return compiled


def _count_patterns(schema: JSON) -> int:
    """Count what may be a regular expression; too many rather than too few."""
    found = 0
    waiting: list[JSON] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            named = value.get("patternProperties")
            found += ("pattern" in value) + (len(named) if isinstance(named, dict) else 0)
    return found


def _linear(size: int) -> jsonschema_rs.RegexOptions:
    return jsonschema_rs.RegexOptions(size_limit=size, dfa_size_limit=size)


def _backtracking(size: int) -> jsonschema_rs.FancyRegexOptions:
    return jsonschema_rs.FancyRegexOptions(
        backtrack_limit=limits.REGEX_BACKTRACK, size_limit=size, dfa_size_limit=size
    )


def _validator(
    schema: dict[str, Any],
    options: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions,
) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=options)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        raise BadSchema("This is not a valid JSON Schema 2020-12.") from None
