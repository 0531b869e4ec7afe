"""What has come and gone since the node was made: the gist of its metrics, in words.

The same counts stand at `/metrics` one by one (`hosting.metrics`); nothing is added up here anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext, pgettext

from hosting import gauges
from journal.models import DropCount
from nodes.counts import totals
from panel.processes import space_words


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or two, in words."""

    name: str
    words: str


def figures() -> list[Figure]:
    """Say how much came, went, was turned away and waits; quick however much there is."""
    counts, dropped = totals(), dict(DropCount.objects.values_list("reason", "count"))
    exchanged = _labels(counts, "exchanged")
    letters, receipts = _labels(counts, "letters"), _labels(counts, "receipts")
    found = [
        Figure(
            pgettext("mail", "Messages"),
            _pair(gettext("%(a)s filed, %(b)s sent"), letters, "filed", "sent"),
        ),
        Figure(
            gettext("Receipts"),
            _pair(gettext("%(a)s sent, %(b)s counted"), receipts, "sent", "counted"),
        ),
        Figure(
            gettext("Sessions with peers"),
            _pair(gettext("%(a)s opened, %(b)s failed"), exchanged, "sessions", "failures"),
        ),
        Figure(
            gettext("Carried"),
            gettext("%(a)s in, %(b)s out")
            % {
                "a": space_words(exchanged.get("bytes_in", 0)),
                "b": space_words(exchanged.get("bytes_out", 0)),
            },
        ),
        Figure(
            gettext("Resources of others"),
            gettext("%(a)s accepted, %(b)s dropped")
            % {
                "a": number_format(sum(_labels(counts, "accepts").values())),
                "b": number_format(sum(dropped.values())),
            }
            + _reasons(dropped),
        ),
        Figure(gettext("Calls turned away"), _sum(_labels(counts, "calls_refused"))),
        Figure(
            gettext("Sign-ins that failed"), number_format(counts.get(("sign_ins", "failed"), 0))
        ),
    ]
    waiting = gauges.latest()
    if waiting is not None:
        words = gettext("%(a)s wanted of peers, %(b)s to be opened")
        values = {"a": number_format(waiting.wanted), "b": number_format(waiting.unopened)}
        found.append(Figure(gettext("Waiting"), words % values))
    return found


def _labels(counts: Mapping[tuple[str, str], int], name: str) -> dict[str, int]:
    return {label: number for (of, label), number in counts.items() if of == name}


def _pair(words: str, numbers: Mapping[str, int], first: str, second: str) -> str:
    values = {"a": numbers.get(first, 0), "b": numbers.get(second, 0)}
    return words % {name: number_format(number) for name, number in values.items()}


def _sum(numbers: Mapping[str, int]) -> str:
    return number_format(sum(numbers.values())) + _reasons(numbers)


def _reasons(numbers: Mapping[str, int]) -> str:
    """List the greatest reasons, as the metrics name them."""
    listed = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))[:3]
    words = ", ".join(f"{reason}: {number_format(number)}" for reason, number in listed if number)
    return f" ({words})" if words else ""
