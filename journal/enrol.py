"""Making this node and the accounts on it, with the first lines of the journal (protocol §8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.models import Line
from journal.publish import ToPublish, publish_all, write_own
from nodes import keystore
from nodes.addresses import check_address
from nodes.changes import tell_owner
from nodes.enrolment import (
    NODE_LIFETIME,
    identity_section,
    make_user,
    make_user_without_kit,
    node_section,
)
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from nodes.setup import use_token
from nodes.usernames import ECHO, derive_username, is_taken
from sdmp.encoding import JSON


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new account. The phrase opens the kit, is shown once, and is kept nowhere."""

    account: Account
    phrase: str
    kit: bytes


def make_node(name: str, address: str = "") -> LocalNode:
    """Make this node's key and the first line of its journal, unless it has them.

    Args:
        name: what peers see.
        address: host:port at which they reach it; `SDMPWEB_ADDRESS` comes first.

    Raises:
        UserError: the name is empty.
    """
    with transaction.atomic():
        existing = LocalNode.objects.select_for_update().first()
        if existing is not None:
            return existing
        if not name.strip():
            raise UserError("The node needs a name.")
        keystore.check_secret()
        fingerprint = keystore.create_node_key().fingerprint
        node = LocalNode.objects.create(
            fingerprint=fingerprint,
            name=name.strip()[:200],
            address=address and check_address(address),
            head_line=fingerprint,
        )
        Line.objects.create(position=1, identifier=fingerprint)
    return node


def enrol_owner(
    token: str, *, name: str, password: str, username: str = "", node_name: str = ""
) -> Enrolment:
    """Make the node and the owner's account by the single-use link (`nodes.setup`).

    Raises:
        UserError: the link is used up, or a value will not do; nothing is written.
    """
    with transaction.atomic():
        use_token(token)
        make_node(node_name or f"{name or username}’s node")
        made = enrol(username, name=name, password=password, owner=True)
        tell_owner("account.make", made.account, owner=True)
    return made


def enrol(
    username: str,
    *,
    name: str = "",
    password: str | None = None,
    mode: str = Account.Mode.FULL,
    owner: bool = False,
) -> Enrolment:
    """Make an account: its user key, recovery kit and first resources, in one transaction.

    Args:
        username: for signing in; unique on this node, and made from the name when empty.
        name: what others see.
        password: for signing in; without one the account cannot sign in yet.
        mode: `Account.Mode.FULL` or `HOST`.
        owner: whether the account manages the node.

    Raises:
        UserError: the name is taken or a value will not do; nothing is written.
    """
    account = new_account(username, name=name, password=password, mode=mode, owner=owner)
    now = timezone.now()
    with transaction.atomic():
        user = make_user(mode, now)
        account.fingerprint = user.fingerprint
        account.recovery_kit = user.kit.decode("ascii")
        account.save()
        write_own(user.resources, now=now)
        agree_to_serve(user.fingerprint, now)
        if mode == Account.Mode.FULL:
            publish_name(account, now)
        publish_address(user.fingerprint, now)
    return Enrolment(account, user.phrase, user.kit)


def enrol_echo(name: str) -> Account:
    """Give the account that answers by itself, making it when there is none.

    It has an identity like any other, cannot sign in, and publishes no address.
    """
    existing = Account.objects.filter(is_echo=True).first()
    if existing is not None:
        return existing
    now = timezone.now()
    fingerprint, resources = make_user_without_kit(now)
    with transaction.atomic():
        LocalNode.objects.select_for_update().get()  # one process makes it
        existing = Account.objects.filter(is_echo=True).first()
        if existing is not None:
            return existing
        account = Account(username=ECHO, name=name, is_echo=True)
        account.fingerprint = fingerprint
        account.set_unusable_password()
        account.save()
        write_own(resources, now=now)
        agree_to_serve(fingerprint, now)
        publish_name(account, now)
    return account


def publish_name(account: Account, now: datetime) -> None:
    """Publish the profile of a new account: its name."""
    section: dict[str, JSON] = {"name": account.get_full_name()}
    publish_all([ToPublish(str(account.fingerprint), {"user": section})], now=now)


def new_account(
    username: str, *, name: str, password: str | None, mode: str, owner: bool
) -> Account:
    """Check the values of an account and give it, not saved yet.

    Raises:
        UserError: a value will not do; the sentence says which and why.
    """
    if not (username.strip() or name.strip()):
        raise UserError(gettext("An account needs a name."))
    chosen = username.strip() or derive_username(name)
    account = Account(
        username=chosen,
        name=name.strip() or chosen,
        mode=mode,
        is_staff=owner,
        is_superuser=owner,
    )
    try:
        account.clean_fields(exclude=["password", "fingerprint"])
        account.validate_unique()
        if is_taken(chosen):
            raise ValidationError(gettext("Somebody here signs in with this name already."))
        if password is None:
            account.set_unusable_password()
        else:
            validate_password(password, account)
            account.set_password(password)
    except ValidationError as error:
        raise UserError(" ".join(error.messages)) from None
    return account


def agree_to_serve(user: str, now: datetime, fingerprint: str = "") -> None:
    """Publish this node's identity for a user, which says that it agrees to act for them (§3).

    Args:
        user: for whom.
        now: the time from which the identity's life counts.
        fingerprint: of one of this node's earlier keys; its present one when empty.
    """
    key = keystore.own_key(fingerprint or keystore.node_fingerprint())
    section = identity_section(key.public, "node", now + NODE_LIFETIME)
    publish_all([ToPublish(user, {"identity": section}, key.fingerprint)], now=now)


def publish_address(user: str, now: datetime) -> None:
    """Publish where this node is reached, for one user."""
    node = LocalNode.objects.get()
    section = node_section(node.name)
    publish_all([ToPublish(user, {"node": section}, node.fingerprint)], now=now)
