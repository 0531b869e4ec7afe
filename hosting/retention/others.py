"""What else goes by the rules: the Bin, notes about other journals, history, invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Length

from hosting.models import Run
from hosting.retention.tally import Tally
from journal.models import Wanted
from mail.deleting import delete_for_good
from mail.models import Conversation, Delivery, Invitation, Letter
from nodes.models import Account, ContactRequest, Peer

_AT_ONCE: Final = 200


def see_bins(now: datetime) -> None:
    """Note which conversations are in a Bin now and were not before, and which are not any more."""
    Conversation.objects.filter(binned=True, binned_seen=None).update(binned_seen=now)
    Conversation.objects.filter(binned=False).exclude(binned_seen=None).update(binned_seen=None)


def bins(tally: Tally, before: datetime, *, dry: bool) -> None:
    """Delete what has been in a Bin since before a moment, as its account would.

    What somebody has not read stays, and so does what has not arrived: with the copy the account
    would lose what is known of its way.
    """
    rows = Conversation.objects.filter(binned=True, binned_seen__lt=before).order_by("pk")
    for account in Account.objects.exclude(fingerprint=None):
        for conversation in rows.filter(account=account):
            letters = Letter.objects.filter(conversation=conversation)
            if letters.filter(read=False, outgoing=False).exists():
                tally.kept["unread"] += 1
                continue
            on_its_way = Delivery.objects.filter(letter__conversation=conversation)
            if on_its_way.exclude(state=Delivery.State.RECEIVED).exists():
                tally.kept["undelivered"] += 1
                continue
            length = Length("sealed_head") + Length("sealed_body")
            size = letters.aggregate(used=Sum(length, default=0))["used"]
            tally.goes(
                size, conversation.binned_seen, str(account.fingerprint), conversation.letters
            )
            if not dry:
                delete_for_good(account, [str(conversation.pk)])


def passed_over(tally: Tally, before: datetime, *, dry: bool) -> None:
    """Forget lines of peers' journals of users whom nobody here wants (§10)."""
    rows = Wanted.objects.filter(passed_over=True, not_before__lt=before).order_by("pk")
    last = 0
    while found := list(rows.filter(pk__gt=last).values_list("pk", "peer", "not_before")[:2000]):
        last = found[-1][0]
        for _, _, moment in found:
            tally.goes(0, moment)
        if not dry:
            # Should such a user come to be wanted, the journal is read again.
            peers = {peer for _, peer, _ in found}
            Peer.objects.filter(fingerprint__in=peers).update(read_again=True)
            keys = [key for key, _, _ in found]
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                Wanted.objects.filter(pk__in=some, passed_over=True).delete()


def history(tally: Tally, before: datetime, *, dry: bool) -> None:
    """Forget ended work but the last of each kind."""
    latest = Run.objects.exclude(finished=None).order_by("finished")
    lasting = set(dict(latest.values_list("kind", "pk")).values())
    ended = Run.objects.filter(finished__lt=before)
    work = ended.exclude(pk__in=lasting)
    for moment in work.values_list("finished", flat=True).iterator():
        tally.goes(0, moment)
    tally.kept["latest"] += ended.filter(pk__in=lasting).count()
    if not dry:
        work.delete()


def invitations(tally: Tally, before: datetime, *, dry: bool) -> None:
    """Forget invitations that have ended: withdrawn, expired, or used up."""
    rows = Invitation.objects.annotate(last_use=Max("uses__at"))
    ended = rows.filter(
        Q(withdrawn__lt=before)
        | Q(expires__lt=before)
        | Q(single_use=True, used__gt=0, last_use__lt=before)
    ).annotate(whose=F("account__fingerprint"))
    asking = set(
        ContactRequest.objects.exclude(invitation=None).values_list("invitation", flat=True)
    )
    for row in ended:
        if row.pk in asking:
            tally.kept["asked"] += 1
            continue
        tally.goes(0, row.withdrawn or row.last_use or row.expires, row.whose or "")
        if not dry:
            Invitation.objects.filter(pk=row.pk).delete()
