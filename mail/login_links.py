"""Getting in again without the password: a link from the owner of the node.

It lets the person set a new password and nothing else. The key and the recovery file stay as they
are, and the owner, who never sees the password, gets no nearer to either. Only a hash of the
link's token is kept.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from mail.allowed import check_active
from mail.sign_ins import clear_second_factors, end_sign_ins
from nodes.changes import tell_owner
from nodes.errors import UserError
from nodes.models import Account, LoginLink
from nodes.setup import hash_token, web_url

LIFETIME: Final = timedelta(hours=24)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,64}")


def make_link(account: Account, *, clears_factors: bool, now: datetime) -> str:
    """Make a link for an account; links made before stop working.

    Args:
        account: whose password is to be set anew.
        clears_factors: whether its second factors and passkeys go when it is used.
        now: the present moment.

    Returns:
        The token of the link, which is kept nowhere.

    Raises:
        UserError: the account is suspended, or nobody's.
    """
    check_active(account)
    if account.is_echo:
        raise UserError(gettext("Nobody signs in to this account."))
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        LoginLink.objects.filter(account=account, used=None).delete()
        LoginLink.objects.create(
            account=account,
            token_hash=hash_token(token),
            clears_factors=clears_factors,
            created=now,
            until=now + LIFETIME,
        )
    return token


def address_of(token: str) -> str:
    """Give the address that the person opens."""
    return f"{web_url()}/new-password/{token}"


def find(token: str, now: datetime) -> LoginLink | None:
    """Find the open link with this token."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = LoginLink.objects.filter(used=None, until__gt=now, account__is_active=True)
    return rows.filter(token_hash=hash_token(token)).select_related("account").first()


def open_link(account: Account, now: datetime) -> LoginLink | None:
    """Give the link of an account that waits to be used."""
    return LoginLink.objects.filter(account=account, used=None, until__gt=now).first()


def withdraw_link(account: Account) -> bool:
    """Let the open link of an account lead nowhere; tell whether there was one."""
    return bool(LoginLink.objects.filter(account=account, used=None).delete()[0])


def use(token: str, password: str, *, now: datetime) -> Account:
    """Set the password of the account whose link this is, once, and end its sign-ins.

    Raises:
        UserError: the link is not open (any more), or the password will not do; nothing changes.
    """
    with transaction.atomic():
        found = find(token, now)
        taken = found and LoginLink.objects.filter(pk=found.pk, used=None).update(used=now)
        if found is None or not taken:
            raise UserError(
                gettext("This link has ended; ask the owner of the node for a new one.")
            )
        account = found.account
        try:
            validate_password(password, account)
        except ValidationError as error:
            raise UserError(" ".join(error.messages)) from None
        account.set_password(password)
        account.save(update_fields=["password"])
        if found.clears_factors:
            clear_second_factors(account)
        end_sign_ins(account)
        tell_owner("account.password.by_link", account, factors_removed=found.clears_factors)
    return account
