"""Invitations: who may make them, what becomes of their guests, and what their links tell."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from journal.credentials import judge_shown, keep_contact_requests
from journal.enrol import enrol
from mail import contacts, guests, invitations, requests
from mail.cards import export_card
from mail.models import Contact, Invitation, InvitationUse
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from sdmp.card import MEDIA_TYPE, write_card
from sdmp.signature import Envelope
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import Browse, page
from tests.support.hostile import Actor

pytestmark = pytest.mark.usefixtures("own_counts")


@pytest.fixture
def own_counts() -> None:
    """Forget how often things were done in other tests."""
    cache.clear()


@pytest.fixture
def owner(house: House) -> Account:
    """Alice, who owns the node."""
    house.alice.is_staff = True
    house.alice.save()
    return house.alice


@pytest.fixture(scope="module")
def rita() -> Actor:
    """Rita, who lives on another node."""
    return Actor("Rita Roe")


def made(account: Account, **options: Any) -> str:
    """Make an invitation and return its token."""
    given: dict[str, Any] = {"kind": "contact", "lifetime": "week", "now": timezone.now()}
    return invitations.invite(account, **given | options)[1]


def as_node(client: Client, token: str, card: bytes | None = None) -> Any:
    """Ask for the host's card like a node, or leave one."""
    if card is None:
        return client.get(f"/invite/{token}", headers={"Accept": MEDIA_TYPE})
    return client.post(f"/invite/{token}", card, content_type=MEDIA_TYPE)


def as_guest(
    client: Client, token: str, given: dict[str, str] | None = None, **options: Any
) -> Any:
    """Open the invitation in a browser, or send its form."""
    headers = {"Accept": "text/html"}
    if given is None:
        return client.get(f"/invite/{token}", headers=headers, **options)
    return client.post(f"/invite/{token}", given, headers=headers, **options)


# --- Making ----------------------------------------------------------------------------------


def test_only_a_hash_is_kept(house: House) -> None:
    token = made(house.alice, note="Hello")
    assert len(token) >= 22  # 128 bits and more
    row = Invitation.objects.get()
    assert token not in str(vars(row))
    assert invitations.link_of(token).endswith(f"/invite/{token}")


def test_who_may_invite(owner: Account, house: House) -> None:
    made(owner, kind="account")
    made(house.bob)
    with pytest.raises(UserError, match="Only the owner"):
        made(house.bob, kind="account")
    host = enrol("host", name="Host", password=PASSWORD, mode=Account.Mode.HOST).account
    with pytest.raises(UserError, match="not given this node the power"):
        made(host)


def test_the_page_of_invitations(owner: Account, house: House, browse: Browse) -> None:
    client = browse(house.bob)
    text = page(client.get("/invitations/"))
    assert 'value="account"' not in text
    refused = client.post("/invitations/", {"kind": "account", "lifetime": "day", "uses": "one"})
    assert refused.status_code == 422
    client = browse(owner)
    assert 'value="account"' in page(client.get("/invitations/"))
    given = {"kind": "contact", "lifetime": "day", "uses": "many", "asking": "ask",
             "note": "From\nthe market"}  # fmt: skip
    text = page(client.post("/invitations/", given, follow=True))
    [token] = set(re.findall(r"/invite/([\w-]+)", text))
    assert '<svg class="qr qr--xl" role="img"' in text
    assert "From the market" in text
    assert "It ends <time" in text
    cookie = client.cookies["invitation"]
    assert token not in cookie.value
    assert cookie["httponly"]
    row = Invitation.objects.get()
    # The same browser may load it again; another one of the same account sees no link.
    assert token in page(client.get(f"/invitations/{row.pk}/"))
    text = page(browse(owner).get(f"/invitations/{row.pk}/"))
    assert "/invite/" not in text
    assert "nobody can show it again" in text
    assert browse(house.bob).get(f"/invitations/{row.pk}/").status_code == 404
    assert "From the market" in page(client.get("/invitations/"))


def test_withdrawing_and_undoing(house: House, browse: Browse, client: Client) -> None:
    token = made(house.alice)
    key = Invitation.objects.get().pk
    for path in (f"/invitations/{key}/withdraw/", f"/invitations/{key}/restore/"):
        browse(house.bob).post(path)
    assert as_node(client, token).status_code == 200
    alice = browse(house.alice)
    text = page(alice.post(f"/invitations/{key}/withdraw/", follow=True))
    assert "its link is dead" in text
    assert f'action="/invitations/{key}/restore/"' in text
    assert as_node(client, token).status_code == 410
    assert "was withdrawn" in as_guest(client, token).content.decode()
    alice.post(f"/invitations/{key}/restore/")
    assert as_node(client, token).status_code == 200


def test_too_many_open_ones(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    made(house.alice)
    made(house.alice)
    with pytest.raises(UserError, match="too many open invitations"):
        made(house.alice)
    made(house.bob)


# --- An account by invitation ------------------------------------------------------------------


def test_an_account_by_invitation(owner: Account, client: Client) -> None:
    token = made(owner, kind="account", note="The spare room is yours")
    answer = as_guest(client, token)
    text = page(answer)
    assert "Alice Adams" in text
    assert "The spare room is yours" in text
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    given = {"name": "Gus Guest", "password": PASSWORD}
    answer = as_guest(client, token, given)
    assert answer["Location"] == "/welcome/words/"
    guest = Account.objects.get(username="gus")
    assert not guest.is_staff
    words = page(client.get("/welcome/words/"))
    assert words.count("<li>") >= 12
    for one, other in ((owner, guest), (guest, owner)):
        found = contacts.contact(one, str(other.fingerprint))
        assert found is not None
        assert found.state == "mutual"
        assert found.checked is None
        assert Contact.objects.get(account=one, user=other.fingerprint).let_in is not None
    assert "has been used" in as_guest(Client(), token).content.decode()
    assert as_guest(Client(), token, given).status_code == 410
    [view] = invitations.list_invitations(owner, timezone.now())
    assert (view.state, view.used, view.people[0].name) == ("used", 1, "Gus Guest")


def test_what_will_not_do_leaves_the_invitation_open(owner: Account, client: Client) -> None:
    token = made(owner, kind="account")
    for given in ({"name": "", "password": PASSWORD}, {"name": "Gus", "password": "short"}):
        assert as_guest(client, token, given).status_code == 422
    assert Invitation.objects.get().used == 0
    assert Account.objects.count() == 2


def test_an_invitation_for_many(owner: Account) -> None:
    token = made(owner, kind="account", single_use=False)
    for name in ("Gus", "Gwen"):
        assert as_guest(Client(), token, {"name": name, "password": PASSWORD}).status_code == 302
    assert Invitation.objects.get().used == 2


def test_who_is_no_owner_any_more_invites_nobody(owner: Account, client: Client) -> None:
    token = made(owner, kind="account")
    owner.is_staff = False
    owner.save()
    assert as_guest(client, token).status_code == 410
    owner.is_staff, owner.is_active = True, False
    owner.save()
    assert as_guest(client, token).status_code == 404


def test_the_end_of_an_invitation(owner: Account, client: Client) -> None:
    token = made(owner, kind="account", now=timezone.now() - timedelta(days=7, seconds=1))
    answer = as_guest(client, token)
    assert answer.status_code == 410
    assert "This invitation has ended" in answer.content.decode()
    given = {"name": "Gus Guest", "password": PASSWORD}
    assert as_guest(client, token, given).status_code == 410
    with pytest.raises(UserError, match="not open any more"):
        guests.make_account(token, now=timezone.now(), **given)
    assert as_guest(client, "x" * 32).status_code == 404


def test_forms_of_other_sites_are_refused(owner: Account) -> None:
    token = made(owner, kind="account")
    strict = Client(enforce_csrf_checks=True)
    assert as_guest(strict, token, {"name": "Gus", "password": PASSWORD}).status_code == 403
    token = made(owner)
    strict.force_login(owner, "allauth.account.auth_backends.AuthenticationBackend")
    assert as_guest(strict, token, {}).status_code == 403


def test_somebody_with_an_account_needs_no_other(
    owner: Account, house: House, browse: Browse
) -> None:
    token = made(owner, kind="account")
    assert "have an account here already" in page(as_guest(browse(house.bob), token))
    assert as_node(Client(), token).status_code == 410


# --- A contact by invitation -------------------------------------------------------------------


def test_the_page_of_a_contact_invitation(house: House, client: Client) -> None:
    token = made(house.alice, note="<b>Hi</b>")
    text = page(as_guest(client, token))
    assert "Alice Adams" in text
    assert "&lt;b&gt;Hi&lt;/b&gt;" in text
    assert f"/invite/{token}" in text
    assert "Paste this link there" in text
    assert '<svg class="qr qr--l" role="img"' in text
    assert "It ends <time" in text
    assert str(house.alice.fingerprint)[:6] in text
    assert not re.search(r"\s(style|on[a-z]+)=", text)


def test_a_node_gets_the_card_and_leaves_another(house: House, client: Client, rita: Actor) -> None:
    token = made(house.alice, note="At the fair")
    answer = as_node(client, token)
    assert answer["Content-Type"] == MEDIA_TYPE
    assert contacts.describe_card(answer.content).fingerprint == house.alice.fingerprint
    answer = as_node(client, token, rita.card())
    assert answer.status_code == 204
    assert not answer.content
    assert not answer.cookies
    user = rita.user.fingerprint
    assert contacts.contact(house.alice, user)
    assert not current_facts().gives(str(house.alice.fingerprint), user, timezone.now())
    [asked] = requests.list_requests(house.alice)
    assert (asked.fingerprint, asked.name, asked.note) == (user, "Rita Roe", "At the fair")
    assert asked.invited
    # Again: it was taken, and nothing is there twice. Somebody else comes too late.
    assert as_node(client, token, rita.card()).status_code == 204
    assert InvitationUse.objects.count() == 1
    assert Invitation.objects.get().used == 1
    assert as_node(client, token, Actor("Late").card()).status_code == 410
    assert len(requests.list_requests(house.alice)) == 1
    added = requests.accept(house.alice, user)
    assert added.given
    assert Contact.objects.get(account=house.alice, user=user).let_in is not None


def test_added_at_once(house: House, client: Client, rita: Actor) -> None:
    token = made(house.alice, accept_at_once=True, single_use=False)
    assert as_node(client, token, rita.card()).status_code == 204
    user = rita.user.fingerprint
    assert current_facts().gives(str(house.alice.fingerprint), user, timezone.now())
    row = Contact.objects.get(account=house.alice, user=user)
    assert row.name == "Rita Roe"
    assert row.let_in is not None
    assert row.checked is None
    assert requests.list_requests(house.alice) == []
    assert as_node(client, token, rita.card()).status_code == 204
    assert Invitation.objects.get().used == 1


def test_who_is_blocked_is_told_nothing(house: House, client: Client, rita: Actor) -> None:
    user = rita.user.fingerprint
    Contact.objects.create(account=house.alice, user=user, name="Rita", blocked=timezone.now())
    token = made(house.alice, accept_at_once=True)
    assert as_node(client, token, rita.card()).status_code == 204
    assert Contact.objects.get(account=house.alice, user=user).blocked is not None
    assert not current_facts().gives(str(house.alice.fingerprint), user, timezone.now())
    assert Invitation.objects.get().used == 0


def test_a_new_invitation_shows_an_ignored_request_again(
    house: House, client: Client, rita: Actor
) -> None:
    first, second = made(house.alice), made(house.alice)
    as_node(client, first, rita.card())
    requests.ignore(house.alice, rita.user.fingerprint)
    as_node(client, first, rita.card())
    assert requests.list_requests(house.alice) == []
    as_node(client, second, rita.card())
    assert len(requests.list_requests(house.alice)) == 1


def test_what_is_left_must_be_a_card(house: House, client: Client, rita: Actor) -> None:
    token = made(house.alice, single_use=False, accept_at_once=True)
    other = Actor("Other")
    two = write_card([rita.identity, other.identity])
    bad = (
        b"hello", b"[]", b"{}", b"[1]", write_card([rita.trust]), two,
        rita.card()[:-40], export_card(house.alice), b"[" * 100_000,
        write_card([rita.identity]) + b" " * guests.LEFT_BYTES,
    )  # fmt: skip
    for data in bad:
        assert as_node(client, token, data).status_code in (410, 413), data[:40]
        cache.clear()
    assert Contact.objects.filter(account=house.alice).count() == 1
    assert ContactRequest.objects.count() == 0
    assert Invitation.objects.get().used == 0


def test_wrong_tokens(house: House, client: Client, rita: Actor) -> None:
    made(house.alice)
    for token in ("x" * 32, "x", "..%2f..", "é" * 30, "x" * 5000):
        assert as_node(client, token).status_code in (404, 410)
        assert as_node(client, token, rita.card()).status_code in (404, 410)


def test_floods_are_slowed_down(house: House, client: Client, rita: Actor) -> None:
    token = made(house.alice, single_use=False)
    answers = [as_node(client, "y" * 32, b"x").status_code for _ in range(12)]
    assert answers == [410] * 10 + [429] * 2
    # Who has no token has used nothing up for others.
    other = Client(REMOTE_ADDR="192.0.2.7")
    assert as_node(other, token, rita.card()).status_code == 204
    codes = {
        as_node(Client(REMOTE_ADDR=f"192.0.2.{n}"), token, b"x").status_code for n in range(10, 140)
    }
    assert codes == {410, 429}


def test_too_many_requests_of_one_user(
    house: House, client: Client, rita: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdmp.limits.CONTACT_REQUESTS_PER_USER", 1)
    token = made(house.alice, single_use=False)
    ContactRequest.objects.create(
        user=house.alice.fingerprint, stranger="A" * 86, node="", credentials=b"[]"
    )
    assert as_node(client, token, rita.card()).status_code == 410
    ContactRequest.objects.update(ignored=timezone.now())
    assert as_node(client, token, rita.card()).status_code == 204


def test_people_of_this_node_come_in_directly(house: House, browse: Browse) -> None:
    carol = enrol("carol", name="Carol Clark", password=PASSWORD).account
    token = made(house.alice)
    client = browse(carol)
    assert "You are signed in here as" in page(as_guest(client, token))
    answer = as_guest(client, token, {})
    assert answer["Location"] == f"/contacts/{house.alice.fingerprint}/added/"
    assert "Alice is your contact now." in page(client.get(answer["Location"]))
    [asked] = requests.list_requests(house.alice)
    assert asked.fingerprint == carol.fingerprint
    assert asked.local
    assert asked.invited
    dave = enrol("dave", name="Dave Dean", password=PASSWORD).account
    token = made(house.alice, accept_at_once=True)
    assert as_guest(browse(dave), token, {}).status_code == 302
    found = contacts.contact(dave, str(house.alice.fingerprint))
    assert found is not None
    assert found.state == "mutual"


def test_ones_own_invitation(house: House, browse: Browse) -> None:
    token = made(house.alice)
    client = browse(house.alice)
    assert "your own invitation" in page(as_guest(client, token))
    assert as_guest(client, token, {}).status_code == 422
    assert Invitation.objects.get().used == 0


def test_a_refused_call_leaves_the_name_that_the_card_told(
    house: House, client: Client, rita: Actor
) -> None:
    token = made(house.alice, note="At the fair")
    as_node(client, token, rita.card())
    shown = rita.credentials(str(house.alice.fingerprint))
    here, now = keystore.node_fingerprint(), timezone.now()
    for _ in range(2):  # the node calls again and again
        _, accepted = judge_shown(shown, here=here, now=now)
        keep_contact_requests(shown, accepted, node=rita.node.fingerprint, here=here, now=now)
    [asked] = requests.list_requests(house.alice)
    assert (asked.name, asked.note, asked.invited) == ("Rita Roe", "At the fair", True)
    assert requests.accept(house.alice, rita.user.fingerprint).name == "Rita Roe"


def test_a_card_that_comes_while_the_call_is_noted_is_not_lost(
    house: House, client: Client, rita: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(house.alice)
    shown = rita.credentials(str(house.alice.fingerprint))
    here, now = keystore.node_fingerprint(), timezone.now()
    _, accepted = judge_shown(shown, here=here, now=now)

    def write(envelopes: list[Envelope]) -> bytes:
        if not ContactRequest.objects.exists():
            as_node(client, token, rita.card())  # in this very moment
        return write_card(envelopes)

    monkeypatch.setattr("journal.credentials.write_card", write)
    keep_contact_requests(shown, accepted, node=rita.node.fingerprint, here=here, now=now)
    [asked] = requests.list_requests(house.alice)
    assert asked.name == "Rita Roe"
