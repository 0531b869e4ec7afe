"""What is still to be done for a new account, shown above its inbox until it is."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.translation import gettext

from mail import echo, selfcheck
from mail.models import Contact, Unreadable
from nodes.models import Account


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, and the page where it is done."""

    slug: str
    done: bool
    title: str
    words: str
    url: str


def checklist(account: Account) -> list[Task]:
    """List what a new account has to do; nothing once all is done or it was put away."""
    if account.checklist_hidden or account.is_echo:
        return []
    tasks = [_contact(account), _backup(account)]
    if account.recovered is not None:
        tasks.append(_old_mail(account))
    if account.is_superuser:
        tasks += [_address(), _second_factor(account)]
    return [] if all(task.done for task in tasks) else tasks


def has_second_factor(account: Account) -> bool:
    """Tell whether more than a password is asked when the account signs in."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=account, type__in=kinds).exists())


def hide(account: Account) -> None:
    """Put the list away for good."""
    Account.objects.filter(pk=account.pk).update(checklist_hidden=True)
    account.checklist_hidden = True


def _contact(account: Account) -> Task:
    others = Contact.objects.filter(account=account).exclude(user=echo.fingerprint() or "")
    return Task(
        "contact",
        others.exists(),
        gettext("First contact"),
        gettext("Add somebody whom you want to write to."),
        reverse("mail:add_contact"),
    )


def _backup(account: Account) -> Task:
    return Task(
        "backup",
        account.backup_checked is not None,
        gettext("Recovery phrase"),
        gettext("Show that your words open your recovery file."),
        reverse("mail:recovery"),
    )


def _old_mail(account: Account) -> Task:
    waiting = Unreadable.objects.filter(account=account, tried=False).exists()
    came = Unreadable.objects.filter(account=account, tried=True).exists()
    return Task(
        "old-mail",
        came and not waiting,
        gettext("Your older mail"),
        gettext("Say where it may be, and open what came back."),
        reverse("mail:old_mail"),
    )


def _address() -> Task:
    finding = selfcheck.address_finding()
    return Task(
        "address",
        finding.state == "ok",
        gettext("Address of this node"),
        finding.sentence,
        reverse("mail:selfcheck"),
    )


def _second_factor(account: Account) -> Task:
    return Task(
        "second-factor",
        has_second_factor(account),
        gettext("More than a password"),
        gettext("You own this node: let a passkey or an app stand beside your password."),
        reverse("mfa_index"),
    )
