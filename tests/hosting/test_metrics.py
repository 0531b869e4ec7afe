"""What a monitoring system reads."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.asserts import assertNumQueries

from hosting import beats, gauges, metrics
from hosting.models import Beat, Run
from journal.models import DropCount, Wanted
from nodes.bounds import BOUNDS
from nodes.models import Count, Peer
from sdmp.encoding import hash_b64
from tests.support.cast import DESK
from tests.support.world import World
from tests.support.world import own_memory_fixture as own_memory_fixture
from tests.support.world import world_fixture as world_fixture


def read() -> dict[str, float]:
    """All samples by name and labels."""
    text = metrics.exposition().decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())):
        sample.value
        for sample in samples
    }  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_measured() -> None:
    """Begin without what was measured before."""
    cache.clear()


def test_the_numbers_of_a_node(world: World) -> None:
    now = timezone.now()
    peer, cut_off = DESK.fingerprint, hash_b64(b"a peer with whom no trust joins us")
    world.know(DESK)
    Peer.objects.create(fingerprint=cut_off, known_line=cut_off, last_contact=now)
    Peer.objects.create(
        fingerprint=peer, known_line=peer, failures=2, last_contact=now - timedelta(seconds=100),
        lease_until=now + timedelta(seconds=9),
    )  # fmt: skip
    Wanted.objects.create(
        peer=peer, position=2, author=peer, identifier=peer, not_before=now - timedelta(hours=1)
    )
    DropCount.objects.create(reason="expired", count=4)
    Count.objects.create(name="exchanged", label="bytes_in", count=512)
    Count.objects.create(name="letters", label="filed", count=6)
    Count.objects.create(name="limits", label="cards", count=2)
    Run.objects.create(kind=Run.Kind.BACKUP, asked=now - timedelta(seconds=50))
    Beat.objects.create(name=beats.WORKER, process="here:1")
    gauges.measure(now)
    found = read()
    label = f"peer={peer[:12]}"
    head = found["sdmpweb_journal_lines"]
    assert head > 3
    assert found["sdmpweb_resources"] == head - 1
    assert found[f"sdmpweb_peer_lag_lines {label}"] == head - 1
    assert found[f"sdmpweb_peer_failures {label}"] == 2
    assert 100 <= found[f"sdmpweb_peer_silent_seconds {label}"] < 160
    assert f"sdmpweb_peer_lag_lines peer={cut_off[:12]}" not in found
    assert found["sdmpweb_peers_connected"] == 1
    assert found["sdmpweb_resources_dropped_total reason=expired"] == 4
    assert found["sdmpweb_peer_bytes_total direction=in"] >= 512
    assert found["sdmpweb_letters_handled_total event=filed"] >= 6
    assert found["sdmpweb_limits_reached_total limit=cards"] >= 2
    assert {f"sdmpweb_limits_reached_total limit={bound.name}" for bound in BOUNDS} <= found.keys()
    assert 3600 <= found["sdmpweb_queue_age_seconds queue=wanted"] < 3700
    assert 50 <= found["sdmpweb_queue_age_seconds queue=runs"] < 100
    assert found["sdmpweb_queue_length queue=wanted"] == 1
    assert found["sdmpweb_accounts"] == 1
    assert found["sdmpweb_letters"] == 0
    assert found["sdmpweb_processes name=worker"] == 1
    assert found["sdmpweb_processes name=schedule"] == 0
    assert found["sdmpweb_disk_free_bytes"] > 0
    assert found["sdmpweb_data_bytes"] > 0
    assert found["process_resident_memory_bytes"] > 2**20
    assert [name for name in found if name.startswith("sdmpweb_build_info")]


def test_nobody_is_named(world: World) -> None:
    account = world.alice
    account.name = "Zaphod"
    account.save()
    Peer.objects.create(fingerprint="f" * 86, known_line="f" * 86, last_error="Zaphod")
    gauges.measure(timezone.now())
    text = metrics.exposition().decode()
    for secret in ("Zaphod", account.username, account.fingerprint, "f" * 13):
        assert str(secret) not in text


def test_large_tables_are_not_counted_when_asked(world: World) -> None:
    """What is asked is little, and as much whatever there is."""
    gauges.measure(timezone.now())
    with assertNumQueries(14):  # two for who trusts whom, which is in memory otherwise
        metrics.exposition()


def test_what_was_not_measured_yet_is_left_out(world: World) -> None:
    found = read()
    assert "sdmpweb_letters" not in found
    assert "sdmpweb_journal_lines" in found
    gauges.measure(timezone.now())
    assert "sdmpweb_letters" in read()
