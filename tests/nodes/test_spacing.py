"""What is asked for in a swarm is done at once, and once more after the last."""

import time

from nodes.spacing import Spaced


def test_first_at_once_then_one_for_all_that_follow() -> None:
    done: list[float] = []
    spaced = Spaced(lambda: done.append(time.monotonic()), 0.3)
    asked = time.monotonic()
    spaced()
    assert len(done) == 1
    for _ in range(20):
        spaced()
    last = time.monotonic()
    deadline = asked + 30
    while len(done) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(done) == 2
    assert done[1] >= max(last, done[0] + 0.3)


def test_what_is_due_is_done_before_a_process_ends() -> None:
    done: list[int] = []
    spaced = Spaced(lambda: done.append(1), 1000)
    spaced()
    spaced()
    spaced._at_exit()
    spaced._at_exit()
    assert done == [1, 1]
