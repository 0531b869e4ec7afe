"""Judging one section of a container against its schema (protocol §2)."""

from __future__ import annotations

from functools import cache
from typing import Final

import jsonschema_rs

from sdmp.encoding import JSON
from sdmp.errors import BadEncoding, BadSchema, Malformed
from sdmp.schemas.core import CORE, HASH_PATTERN
from sdmp.schemas.formats import FORMATS
from sdmp.schemas.published import check_published, check_schema

NAMES: Final = frozenset(CORE)

_HASH_CHARS: Final = 86

__all__ = ["NAMES", "check_core", "check_published", "check_schema"]


def check_core(name: str, section: JSON) -> None:
    """Judge the section of a core schema.

    Raises BadSchema, or BadEncoding for a hash of the right length that is not canonical base64url
    (protocol §1, §2).
    """
    try:
        _validator(name).validate(section)
    except jsonschema_rs.ValidationError as error:
        raise _explain(name, error) from None
    if name == "schema":
        check_schema(section)


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    # Compiled when first needed: together they would cost a start some milliseconds.
    return jsonschema_rs.Draft202012Validator(
        CORE[name],
        formats=FORMATS,
        validate_formats=True,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _explain(name: str, error: jsonschema_rs.ValidationError) -> Malformed:
    """Put an error into a sentence that repeats nothing of what may be megabytes of input."""
    where = "/".join([name, *(str(step)[:64] for step in error.instance_path)])
    kind = error.kind
    text = error.instance
    if (
        isinstance(kind, jsonschema_rs.ValidationErrorKind.Pattern)
        and kind.pattern == HASH_PATTERN
        and isinstance(text, str)
        and len(text) == _HASH_CHARS
    ):
        return BadEncoding(f"The hash at {where} is not canonical base64url.")
    return BadSchema(f"What stands at {where} breaks the rule “{kind.name}” of its schema.")
