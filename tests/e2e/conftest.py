"""People for the tests with real nodes: for one test, or for all tests of a file."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import chosen_shape
from tests.support.nodes import NodeProcess, Shape
from tests.support.scenario import Cast, Person, befriend


def _make_cast(directory: Path, request: pytest.FixtureRequest) -> Cast:
    numbers = itertools.count()

    def make_node(name: str, shape: Shape = "embedded", **options: object) -> NodeProcess:
        shape = chosen_shape(request.config, shape)
        services = request.getfixturevalue("services") if shape != "embedded" else None
        place = directory / f"{name}-{next(numbers)}"
        return NodeProcess(place, shape, services=services, **options)  # type: ignore[arg-type]

    return Cast(directory, make_node)


@pytest.fixture
def cast(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cast]:
    """People whose nodes end with the test."""
    made = _make_cast(tmp_path, request)
    yield made
    made.end()


@pytest.fixture(scope="module")
def lasting_cast(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Cast]]:
    """Make people whose nodes end with the file."""
    made: list[Cast] = []

    def make() -> Cast:
        made.append(_make_cast(tmp_path_factory.mktemp("nodes"), request))
        return made[-1]

    yield make
    for cast in made:
        cast.end()


@pytest.fixture(scope="module", params=["embedded", "grown", "mixed"])
def pair(
    request: pytest.FixtureRequest, lasting_cast: Callable[[], Cast]
) -> Iterator[tuple[Person, Person]]:
    """Alice and Bob, who know each other, on nodes of either shape and of both."""
    cast = lasting_cast()
    shapes = {"mixed": ("embedded", "grown")}.get(request.param, (request.param, request.param))
    alice, bob = cast.person("alice", shapes[0]), cast.person("bob", shapes[1])
    befriend(alice, bob)
    alice.node.start()
    bob.node.start()
    yield alice, bob
    cast.end()
