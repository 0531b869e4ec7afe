"""Checking the journal as a piece of long work (protocol §4, §8)."""

from __future__ import annotations

from typing import Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from hosting.models import Run
from hosting.runs import Progress
from journal.verification import verify_journal
from nodes.models import LocalNode

_SHOWN: Final = 100


def check(run: Run, progress: Progress) -> None:
    """Check the chain of the journal and every signature, and say what was found."""
    node = LocalNode.objects.first()
    total = node.head_position if node else 0
    progress(0, total)
    found = verify_journal(progress)
    words = [
        ngettext(
            "The journal’s line is in its place.",
            "All %(n)s lines of the journal follow each other.",
            found.lines,
        )
        % {"n": intcomma(found.lines)}
        if not found.faults
        else ngettext(
            "The journal has a fault: restore a backup from before, or ask for help.",
            "The journal has %(n)s faults: restore a backup from before, or ask for help.",
            found.faults,
        )
        % {"n": intcomma(found.faults)},
        gettext("%(n)s signatures hold.") % {"n": intcomma(found.signatures)},
    ]
    if found.removed:
        words.append(
            ngettext(
                "The content of one was revoked, taken along or dropped.",
                "The contents of %(n)s were revoked, taken along or dropped.",
                found.removed,
            )
            % {"n": intcomma(found.removed)}
        )
    progress.end(
        Run.Outcome.BAD if found.faults else Run.Outcome.GOOD,
        " ".join(words),
        [{"words": problem} for problem in found.problems[:_SHOWN]],
    )
