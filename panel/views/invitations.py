"""Withdrawing anybody's invitation, and taking that back."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from hosting.audit import note
from mail import invitations
from mail.models import Invitation
from mail.toasts import toast
from nodes.errors import UserError
from nodes.models import Account


def _row(key: int) -> Invitation:
    found = Invitation.objects.select_related("account").filter(pk=key) if key < 2**63 else None
    row = found.first() if found is not None else None
    if row is None:
        raise Http404
    return row


@require_POST
def withdraw(request: HttpRequest, key: int) -> HttpResponse:
    """Let the link of an invitation lead nowhere."""
    row, owner = _row(key), request.user
    assert isinstance(owner, Account)
    with transaction.atomic():
        if invitations.withdraw(row.account, row.pk, timezone.now()):
            note("invitation.withdraw", row.account.username, by=owner, kind=row.kind)
            back = reverse("admin:invitation_restore", args=[key])
            toast(request, gettext("The invitation is withdrawn; its link is dead."), undo=back)
        else:
            toast(request, gettext("That invitation had ended already."))
    return redirect("admin:mail_invitation_changelist")


@require_POST
def restore(request: HttpRequest, key: int) -> HttpResponse:
    """Take a withdrawal back."""
    row, owner = _row(key), request.user
    assert isinstance(owner, Account)
    try:
        with transaction.atomic():
            if invitations.restore(row.account, row.pk, timezone.now()):
                note("invitation.restore", row.account.username, by=owner, kind=row.kind)
                toast(request, gettext("The link of the invitation works again."))
    except UserError as refusal:
        toast(request, str(refusal))
    return redirect("admin:mail_invitation_changelist")


PAGES: Final = (
    ("invitations/<int:key>/withdraw/", withdraw, "invitation_withdraw"),
    ("invitations/<int:key>/restore/", restore, "invitation_restore"),
)
