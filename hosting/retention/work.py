"""Doing what the rules say as long work, or saying beforehand what it would be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from hosting import audit, runs
from hosting.models import AuditEntry, Run
from hosting.retention import contents, others, rules
from hosting.retention.tally import Tally
from hosting.runs import Progress
from journal.models import CatchUp
from mail.presentation import size_words
from nodes.errors import UserError
from nodes.models import Account


def try_out(days: Mapping[str, int], owner: Account) -> Run:
    """Ask what would go by these rules; nothing goes, and they are not set.

    Raises:
        UserError: the rules are being applied right now.
    """
    options: list[dict[str, Any]] = [{"dry": True, "rules": dict(days)}]
    with transaction.atomic():
        run = runs.ask(Run.Kind.RETENTION, owner.username, options=options)
        if not is_dry(run):
            raise UserError(
                gettext("The rules are being applied now; try again when that has ended.")
            )
        audit.note("retention.try", by=owner)
    return run


def keep_to(tried: str, owner: Account) -> None:
    """Set the rules that were tried last, and have them applied.

    Args:
        tried: the key of the run whose outcome the owner has seen.
        owner: who sets them.

    Raises:
        UserError: something else was tried or applied meanwhile.
    """
    with transaction.atomic():
        latest = latest_try()
        if latest is None or str(latest.pk) != tried:
            raise UserError(gettext("See first what would go; that has changed meanwhile."))
        chosen = latest.findings[0]["rules"]
        rules.set_rules(chosen)
        audit.note("retention.rules", by=owner, **chosen)
        runs.ask(Run.Kind.RETENTION, owner.username)


def end_all(owner: Account) -> None:
    """End all rules: everything is kept from now on."""
    with transaction.atomic():
        rules.set_rules({})
        audit.note("retention.rules", by=owner)


def is_dry(run: Run) -> bool:
    """Tell whether a run says or said what would go, and lets nothing go."""
    return bool(run.findings and run.findings[0].get("dry"))


def latest_try() -> Run | None:
    """Give the last run that said what would go, unless rules were applied after it."""
    latest = runs.latest(Run.Kind.RETENTION)
    return latest if latest is not None and is_dry(latest) else None


def work(run: Run, progress: Progress) -> None:
    """Let go what the rules say, or only say what would go."""
    told = run.findings[0] if run.findings else {}
    dry = bool(told.get("dry"))
    days: dict[str, int] = told["rules"] if dry else rules.current()
    now = timezone.now()
    if not dry:
        others.see_bins(now)
        if days and CatchUp.objects.filter(done=None).exists():
            words = gettext("Nothing goes while accounts catch up after a restore.")
            progress.end(Run.Outcome.GOOD, words)
            return
    tallies = [_apply(kind, number, now, progress, dry=dry) for kind, number in days.items()]
    gone = sum(tally.count for tally in tallies)
    size = sum(tally.bytes for tally in tallies)
    findings: list[dict[str, Any]] = [{"dry": dry, "rules": days}]
    findings += [tally.as_finding() for tally in tallies]
    progress.end(Run.Outcome.GOOD, _words(gone, size, dry=dry, any_rule=bool(days)), findings)
    if gone and not dry:
        went: dict[str, Any] = {tally.kind: tally.count for tally in tallies if tally.count}
        audit.note("retention.applied", where=AuditEntry.Where.NODE, **went)


def _words(gone: int, size: int, *, dry: bool, any_rule: bool) -> str:
    if not any_rule:
        return gettext("There is no rule, and everything is kept.")
    if not gone:
        return gettext("Nothing would go.") if dry else gettext("Nothing was to go.")
    values = {"n": intcomma(gone), "size": size_words(size)}
    if dry:
        return (
            ngettext("One thing would go, %(size)s.", "%(n)s things would go, %(size)s.", gone)
            % values
        )
    return ngettext("One thing went, %(size)s.", "%(n)s things went, %(size)s.", gone) % values


def _apply(kind: str, days: int, now: datetime, progress: Progress, *, dry: bool) -> Tally:
    tally = Tally(kind, days)
    before = now - timedelta(days=days)
    looked = 0

    def step(number: int) -> None:
        nonlocal looked
        looked += number
        progress(looked)

    match kind:
        case "private":
            contents.private(tally, before, now, dry=dry, step=step)
        case "receipts":
            contents.receipts(tally, before, now, dry=dry, step=step)
        case "notices":
            contents.notices(tally, before, now, dry=dry, step=step)
        case "bin":
            others.bins(tally, before, dry=dry)
        case "passed_over":
            others.passed_over(tally, before, dry=dry)
        case "history":
            others.history(tally, before, dry=dry)
        case "invitations":
            others.invitations(tally, before, dry=dry)
    return tally
