"""The drill of `make drill`, with few letters: a node is lost, and comes back from its backup."""

import pytest

from bench.drill import Drill
from tests.support.nodes import Shape
from tests.support.scenario import Cast

pytestmark = pytest.mark.nodes


def test_everything_comes_back_and_no_peer_sees_a_fork(cast: Cast, shape: Shape) -> None:
    drill = Drill(cast, shape, accounts=3, peers=2, letters=20, patience=120)
    rows = drill.run()
    assert [row for row in rows if not row.good] == []
    lost = [row.found for row in rows if row.what.endswith("not in the backup")]
    assert len(lost) == 3
    assert sum(lost) > 0
