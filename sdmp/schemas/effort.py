"""How much work a published schema would make of one section.

JSON Schema lets a few lines ask for exponential work: `allOf` twice the same reference, at each
level of nesting. Before a section is judged, this walks it together with the schema and counts
how often each of its parts would be looked at, without looking: each part carries a tally of
the subschemas that apply to it, so that doubling makes numbers larger and not the walk longer.
The count errs upwards.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from sdmp.encoding import JSON
from sdmp.errors import BadSchema

# Applied to the same part of the section, to its members or items, to its property names.
_HERE_ONE: Final = ("not", "if", "then", "else")
_HERE_MANY: Final = ("allOf", "anyOf", "oneOf")
_BELOW_ONE: Final = (
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "unevaluatedItems",
    "contains",
)

# Characters of text that cost as much as one look, with regular expressions that take linear time
# and with those that backtrack.
_CHARACTERS: Final = 256
_CHARACTERS_BACKTRACKING: Final = 1

_Schemas = Counter[int]


class _Walk:
    def __init__(self, schema: dict[str, JSON], allowed: int, characters: int) -> None:
        self.root = schema
        self.left = allowed
        self.characters = characters
        # Schemas are told apart by identity; this keeps them alive and finds them again.
        self.known: dict[int, dict[str, JSON]] = {}
        self.here: dict[int, list[int]] = {}
        self.anchors: dict[str, list[dict[str, JSON]]] = {}
        self._find_anchors(schema)

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise BadSchema("Judging a section by its published schema would take too long.")

    def add(self, schema: JSON, times: int, to: _Schemas) -> None:
        if isinstance(schema, dict):
            self.known[id(schema)] = schema
            to[id(schema)] += times

    def run(self, section: JSON) -> None:
        first: _Schemas = Counter()
        self.add(self.root, 1, first)
        waiting: list[tuple[JSON, _Schemas]] = [(section, first)]
        while waiting:
            value, applied = waiting.pop()
            closed = self._close(applied)
            looks = sum(closed.values())
            self.spend(1 + looks)
            if isinstance(value, str):
                self.spend(looks * (len(value) // self.characters))
            elif isinstance(value, dict):
                self.spend(looks * len(value))
                for name, child in value.items():
                    self.spend(looks * (len(name) // self.characters))
                    waiting.append((child, self._below(closed, name)))
            elif isinstance(value, list):
                below = self._below(closed, None)
                waiting.extend((child, below) for child in value)

    def _close(self, applied: _Schemas) -> _Schemas:
        """Add the schemas that those applied here apply here in turn."""
        closed: _Schemas = Counter()
        wave = applied
        # A cycle of references ends in the validator, which remembers; here it would not, so it
        # is cut after as many waves as there can be different schemas on a path without cycle.
        for _ in range(256):
            if not wave:
                return closed
            self.spend(len(wave))
            following: _Schemas = Counter()
            for number, times in wave.items():
                closed[number] += times
                for other in self._applied_here(number):
                    following[other] += times
            if sum(following.values()) > self.left:
                self.spend(self.left + 1)
            wave = following
        raise BadSchema("A published schema refers to itself without end.")

    def _applied_here(self, number: int) -> list[int]:
        found = self.here.get(number)
        if found is None:
            schema = self.known[number]
            tally: _Schemas = Counter()
            for word in _HERE_ONE:
                self.add(schema.get(word), 1, tally)
            for word in _HERE_MANY:
                for part in _items(schema.get(word)):
                    self.add(part, 1, tally)
            for part in _members(schema.get("dependentSchemas")):
                self.add(part, 1, tally)
            for word in ("$ref", "$dynamicRef"):
                for target in self._targets(schema.get(word)):
                    self.add(target, 1, tally)
            found = self.here[number] = list(tally.elements())
        return found

    def _below(self, closed: _Schemas, name: str | None) -> _Schemas:
        """Return the schemas that may apply to the member of this name, or to any item."""
        below: _Schemas = Counter()
        for number, times in closed.items():
            schema = self.known[number]
            for word in _BELOW_ONE:
                self.add(schema.get(word), times, below)
            if name is None:
                for part in _items(schema.get("prefixItems")):
                    self.add(part, times, below)
                continue
            properties = schema.get("properties")
            if isinstance(properties, dict):
                self.add(properties.get(name), times, below)
            for part in _members(schema.get("patternProperties")):
                self.add(part, times, below)
        self.spend(len(closed))
        return below

    def _targets(self, reference: JSON) -> list[JSON]:
        if not isinstance(reference, str):
            return []
        fragment = reference.removeprefix("#")
        if fragment and not fragment.startswith("/"):
            # A dynamic reference may end at any schema with the anchor of that name.
            return list(self.anchors.get(fragment, []))
        target: JSON = self.root
        for step in fragment.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict):
                target = target.get(step)
            elif isinstance(target, list) and step.isdecimal() and int(step) < len(target):
                target = target[int(step)]
            else:
                return []
        return [target]

    def _find_anchors(self, schema: JSON) -> None:
        waiting: list[JSON] = [schema]
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                waiting.extend(value.values())
                for word in ("$anchor", "$dynamicAnchor"):
                    name = value.get(word)
                    if isinstance(name, str):
                        self.anchors.setdefault(name, []).append(value)


def check_effort(
    schema: dict[str, JSON], section: JSON, allowed: int, *, backtracks: bool = False
) -> None:
    """Refuse a section that the schema would look at more than `allowed` times.

    `backtracks` says that its regular expressions do. Raises BadSchema. Takes time in proportion
    to `allowed` at most.
    """
    characters = _CHARACTERS_BACKTRACKING if backtracks else _CHARACTERS
    _Walk(schema, allowed, characters).run(section)


def _items(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _members(value: JSON) -> list[JSON]:
    return list(value.values()) if isinstance(value, dict) else []
