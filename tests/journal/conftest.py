"""Our node, for the tests of `journal`."""

from tests.support.world import own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]
