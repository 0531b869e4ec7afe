"""Sections judged by schemas that users publish (protocol §2)."""

from typing import Any

import pytest

from sdmp.container import build_from, check_container
from sdmp.encoding import JSON, b64
from sdmp.errors import BadSchema
from sdmp.schemas.effort import check_effort

FP = b64(bytes(range(64)))
URI = f"sdmp://{FP}/{b64(bytes(64))}"


def judge(schema: JSON, section: JSON) -> None:
    check_container(build_from({"schema": schema}))
    check_container(build_from({URI: section}), resolve=lambda uri: schema)


def doubling(levels: int) -> dict[str, JSON]:
    steps: dict[str, JSON] = {
        f"s{level}": {"allOf": [{"$ref": f"#/$defs/s{level + 1}"}] * 2} for level in range(levels)
    }
    return {"$defs": {**steps, f"s{levels}": {}}, "$ref": "#/$defs/s0"}


def nested(levels: int) -> JSON:
    value: JSON = 1
    for _ in range(levels):
        value = {"a": value}
    return value


TREE: Any = {
    "type": "object",
    "required": ["v"],
    "properties": {"v": {"type": "string"}, "left": {"$ref": "#"}, "right": {"$ref": "#"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "object", "required": ["hello"]}, {"hello": 1}, {}),
        ({"pattern": "^[a-z]+$"}, "abc", "abc\n"),
        ({"pattern": "^(?=a)(?!ab)"}, "ac", "ab"),
        (TREE, {"v": "", "left": {"v": "", "right": {"v": ""}}}, {"v": "", "left": {"v": 1}}),
        ({"$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}, "type": "array"}, [[[]]], [[1]]),
        ({"$defs": {"a/b": {"type": "null"}}, "$ref": "#/$defs/a~1b"}, None, 1),
        ({"prefixItems": [{"type": "null"}], "items": {"type": "string"}}, [None, "x"], ["x"]),
        ({"patternProperties": {"^x": {"type": "null"}}}, {"x": None}, {"x": 1}),
    ],
)
def test_published_schemas_judge(schema: JSON, good: JSON, bad: JSON) -> None:
    judge(schema, good)
    with pytest.raises(BadSchema):
        judge(schema, bad)


def test_a_schema_that_is_not_held_makes_the_container_invalid() -> None:
    with pytest.raises(BadSchema, match="not held"):
        check_container(build_from({URI: {}}))
    with pytest.raises(BadSchema, match="not held"):
        check_container(build_from({URI: {}}), resolve=lambda uri: None)


@pytest.mark.parametrize(
    ("schema", "section"),
    [
        ({"$ref": "#"}, 1),
        ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, 1),
        ({"$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}]}, 1),
        (doubling(40), 1),
        ({"allOf": [{"additionalProperties": {"$ref": "#"}}] * 2}, nested(28)),
        ({"allOf": [{"patternProperties": {"a": {"$ref": "#"}}}] * 2}, nested(28)),
        ({"allOf": [{"pattern": f"^(a|b|ab)*{n}$"} for n in range(1000)]}, "ab" * 1_000_000),
        ({"pattern": "(.*)\\1(.*)(.*)z"}, "a" * 1_000_000),
        ({"items": {"allOf": [{}] * 100}}, [0] * 10_000),
    ],
    ids=["self", "twice", "anchor", "doubling", "deep", "patterns", "text", "backtracking", "wide"],
)
def test_schemas_that_ask_for_too_much(schema: JSON, section: JSON) -> None:
    check_container(build_from({"schema": schema}))
    with pytest.raises(BadSchema, match=r"too long|without end"):
        judge(schema, section)


def test_backtracking_ends() -> None:
    with pytest.raises(BadSchema):
        judge({"pattern": "^(?=x?)((a+)+)+$"}, "a" * 200 + "!")


def test_effort_is_counted_to_the_end() -> None:
    schema: dict[str, JSON] = {"items": {"type": "integer"}}
    check_effort(schema, [1] * 100, 1000)
    with pytest.raises(BadSchema):
        check_effort(schema, [1] * 1000, 1000)
