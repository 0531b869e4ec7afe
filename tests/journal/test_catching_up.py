"""How far a node that was restored has come, while another process of it goes on."""

from typing import Any

from django.db import connection

from journal import catching_up
from journal.models import CatchUp
from tests.support.cast import ALICE
from tests.support.world import World, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]


def test_what_is_said_while_another_process_ends_the_waiting(world: World) -> None:
    row = CatchUp.objects.create(user=ALICE.fingerprint, backup=world.now, since=world.now)
    looks = 0

    def end_after_a_look(execute: Any, sql: str, *given: Any) -> Any:
        nonlocal looks
        if sql.startswith("SELECT") and '"journal_catchup"' in sql:
            looks += 1
            if looks == 2:
                CatchUp.objects.filter(pk=row.pk).update(done=world.now)
        return execute(sql, *given)

    with connection.execute_wrapper(end_after_a_look):
        said = catching_up.words(world.now)
    assert said.startswith("The node was restored from a backup of ")
    CatchUp.objects.filter(pk=row.pk).update(done=world.now)
    assert catching_up.words(world.now) == ""
