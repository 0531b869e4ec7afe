"""What a monitoring system reads: numbers of this node in the text format of Prometheus.

They come from counts that all processes share and from small tables; what takes longer to find out
is counted by the schedule (`hosting.gauges`). No names of people, texts or keys are among them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hosting import beats, gauges
from hosting.models import Run
from journal import presence
from journal.models import DropCount
from mail.models import Held, Unopened
from nodes import disk, keystore
from nodes.bounds import BOUNDS
from nodes.counts import AMOUNTS, totals
from nodes.facts import current_facts
from nodes.models import Account, LocalNode, Peer
from nodes.peers import nodes_to_dial
from sdmp.container import VERSION

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MOST_PEERS: Final = 500
_Totals = Mapping[tuple[str, str], int]

# Counts with a label: name of the count → name of the metric, of its label, and what it says.
_LABELLED: Final = {
    "handshakes": ("handshakes", "outcome", "Handshakes with other nodes, by how they ended"),
    "calls_refused": ("calls_refused", "reason", "Calls of other nodes that were turned away"),
    "requests_refused": (
        "requests_refused",
        "reason",
        "Requests that no browser and no node makes, by what was wrong",
    ),
    "accepts": ("resources_accepted", "kind", "Resources of others that were accepted"),
    "letters": ("letters_handled", "event", "Letters that were filed or sent"),
    "receipts": ("receipts", "event", "Receipts that were sent or counted"),
    "sign_ins": ("sign_ins", "outcome", "Attempts to sign in"),
}


def exposition() -> bytes:
    """Give all metrics in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Node())
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Node(Collector):
    """The numbers of this node, read when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        now = timezone.now()
        yield _about()
        yield from _counted(totals())
        yield _by_label(
            "resources_dropped",
            "reason",
            "Resources of others that were dropped, by the first check that failed",
            dict(DropCount.objects.values_list("reason", "count")),
        )
        yield from _peers(now)
        yield from _queues(now)
        yield from _sizes()
        living = GaugeMetricFamily("sdmpweb_processes", "Living processes", labels=["name"])
        for name, rows in beats.alive(now).items():
            living.add_metric([name], len(rows))
        yield living


def _about() -> Metric:
    labels = {
        "version": settings.VERSION,
        "protocol": VERSION,
        "python": platform.python_version(),
        "shape": "grown" if settings.GROWN else "embedded",
        "database": connection.vendor,
    }
    family = GaugeMetricFamily("sdmpweb_build_info", "What runs here", labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def _counted(counts: _Totals) -> Iterable[Metric]:
    for name, (metric, label, words) in _LABELLED.items():
        yield _by_label(metric, label, words, {k[1]: n for k, n in counts.items() if k[0] == name})
    hits = {bound.name: counts.get(("limits", bound.name), 0) for bound in BOUNDS}
    yield _by_label("limits_reached", "limit", "How often a limit was reached", hits)
    carried = {name: counts.get(("exchanged", name), 0) for name in AMOUNTS}
    for what, words in (("frames", "Frames"), ("bytes", "Bytes")):
        both = {"in": carried[f"{what}_in"], "out": carried[f"{what}_out"]}
        yield _by_label(f"peer_{what}", "direction", f"{words} from and to peers", both)
    for what, words in (("sessions", "Sessions that were opened"), ("failures", "Failed calls")):
        family = CounterMetricFamily(f"sdmpweb_peer_{what}", f"{words} with peers")
        family.add_metric([], carried[what])
        yield family


def _by_label(name: str, label: str, words: str, numbers: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"sdmpweb_{name}", words, labels=[label])
    for value, number in sorted(numbers.items()):
        family.add_metric([value], number)
    return family


def _peers(now: datetime) -> Iterable[Metric]:
    yield _gauge("sessions_open", "Sessions with peers in this process", presence.number_open())
    connected = Peer.objects.filter(lease_until__gte=now).count()
    yield _gauge("peers_connected", "Peers that we talk to or call now", connected)
    head = LocalNode.objects.values_list("head_position", flat=True).first() or 0
    joined = _joined(now) if head else ()
    behind = GaugeMetricFamily(
        "sdmpweb_peer_lag_lines", "Journal lines a peer was not told", labels=["peer"]
    )
    silent = GaugeMetricFamily(
        "sdmpweb_peer_silent_seconds", "Since a peer was last in touch", labels=["peer"]
    )
    failing = GaugeMetricFamily(
        "sdmpweb_peer_failures", "Failed calls of a peer in a row", labels=["peer"]
    )
    for peer in joined:
        label = [peer.fingerprint[:12]]
        behind.add_metric(label, max(0, head - peer.sent_position))
        failing.add_metric(label, peer.failures)
        if peer.last_contact is not None:
            silent.add_metric(label, max(0.0, (now - peer.last_contact).total_seconds()))
    yield from (behind, silent, failing)
    yield _gauge("journal_lines", "Lines of this node’s journal", head)
    yield _gauge("resources", "Resources that were ever accepted here", max(0, head - 1))
    yield _gauge("accounts", "Accounts of people", Account.objects.filter(is_echo=False).count())


def _joined(now: datetime) -> Iterable[Peer]:
    """Give the peers with whom some trust joins us; the others are told nothing, nor called."""
    facts, here = current_facts(), keystore.node_fingerprint()
    wanted = nodes_to_dial(facts, here, now)
    number = 0
    for peer in Peer.objects.order_by("sent_position").iterator():
        if peer.fingerprint in wanted or facts.may_talk(here, peer.fingerprint, now):
            yield peer
            number += 1
            if number == _MOST_PEERS:
                return


def _queues(now: datetime) -> Iterable[Metric]:
    ages = GaugeMetricFamily(
        "sdmpweb_queue_age_seconds", "For how long the oldest waits that is due", labels=["queue"]
    )
    lengths = GaugeMetricFamily("sdmpweb_queue_length", "How many wait", labels=["queue"])
    oldest = Unopened.objects.order_by("pk").values_list("resource__received", flat=True).first()
    _add_age(ages, "unopened", oldest, now)
    held = Held.objects.filter(due__lte=now).aggregate(oldest=Min("due"))["oldest"]
    _add_age(ages, "held", held, now)
    run = Run.objects.filter(finished=None).aggregate(oldest=Min("asked"))["oldest"]
    _add_age(ages, "runs", run, now)
    counted = gauges.latest()
    if counted is not None:
        since = counted.wanted_since
        ages.add_metric(["wanted"], max(0.0, now.timestamp() - since) if since else 0.0)
        lengths.add_metric(["wanted"], counted.wanted)
        lengths.add_metric(["unopened"], counted.unopened)
        yield _gauge("letters", "Letters of all accounts", counted.letters)
        yield _gauge("database_bytes", "Size of the database", counted.database_bytes)
        yield _gauge("data_bytes", "Size of the data directory", counted.data_bytes)
    yield from (ages, lengths)


def _add_age(family: GaugeMetricFamily, queue: str, oldest: datetime | None, now: datetime) -> None:
    family.add_metric([queue], max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def _sizes() -> Iterable[Metric]:
    yield _gauge("disk_free_bytes", "Free on the disk of the data directory", disk.free())
    yield _gauge("disk_reserve_bytes", "Below this no content is taken in", settings.DISK_RESERVE)
    yield _gauge("disk_short", "Whether no content is taken in for want of room", disk.is_short())


def _gauge(name: str, words: str, value: float) -> Metric:
    family = GaugeMetricFamily(f"sdmpweb_{name}", words)
    family.add_metric([], value)
    return family
