"""Moving, selecting, deleting and taking back, as the pages do it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mail import held
from mail.models import Contact, Conversation, Held, Letter
from nodes.models import Account
from tests.mail.conftest import House

Browse = Callable[[Account], Client]
HTMX = {"HX-Request": "true"}


def page(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response
    text: str = response.content.decode()
    return text


def threads(account: Account) -> list[str]:
    rows = Conversation.objects.filter(account=account).order_by("id")
    return [str(key) for key in rows.values_list("pk", flat=True)]


def wait(account: Account) -> None:
    """Make all conversations of an account ones of a stranger."""
    Contact.objects.filter(account=account).update(let_in=None)
    Conversation.objects.filter(account=account).update(waiting=True)


def undo_in(text: str) -> dict[str, str]:
    """Read the fields of the form by which a toast undoes."""
    assert 'action="/mail/put-back/"' in text
    return dict(re.findall(r'name="(places|let_in)" value="([^"]*)"', text))


def test_many_are_moved_and_put_back(house: House, browse: Browse) -> None:
    for number in range(3):
        house.write(title=f"Letter {number}")
    client, keys = browse(house.bob), threads(house.bob)
    assert 'name="thread"' in page(client.get("/mail/inbox/?select=1"))
    answer = client.post("/mail/inbox/many/", {"thread": keys[:2], "do": "bin"}, follow=True)
    text = page(answer)
    assert "2 conversations moved to Bin." in text
    assert "Letter 0" not in text
    assert "Letter 1" in page(client.get("/mail/bin/"))
    client.post("/mail/put-back/", undo_in(text))
    assert "Letter 0" in page(client.get("/mail/inbox/"))


def test_what_many_are_told_in_place(house: House, browse: Browse) -> None:
    house.write()
    client, [key] = browse(house.bob), threads(house.bob)
    answer = client.post("/mail/inbox/many/", {"thread": key, "do": "archive"}, headers=HTMX)
    text = page(answer)
    assert 'id="toasts" hx-swap-oob="beforeend"' in text
    assert answer["HX-Trigger"] == "moved"
    assert "<html" not in text
    nothing = client.post("/mail/inbox/many/", {"do": "archive"}, headers=HTMX)
    assert "No conversation is selected." in page(nothing)


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("star", {"starred": True}),
        ("read", {"unread": 0}),
        ("unread", {"unread": 1}),
        ("nonsense", {}),
    ],
)
def test_many_are_marked(house: House, browse: Browse, do: str, expected: dict[str, int]) -> None:
    house.write()
    client, keys = browse(house.bob), threads(house.bob)
    assert client.post("/mail/inbox/many/", {"thread": keys, "do": do}).status_code == 302
    assert Conversation.objects.filter(account=house.bob, **expected).exists()


def test_nobody_moves_what_belongs_to_another(house: House, browse: Browse) -> None:
    house.write()
    client, keys = browse(house.alice), threads(house.bob)
    for do in ("bin", "archive", "star", "read", "delete"):
        client.post("/mail/bin/many/", {"thread": keys, "do": do, "sure": "1"})
    client.post("/mail/put-back/", {"places": f"{keys[0]}.ab", "let_in": ""})
    row = Conversation.objects.get(account=house.bob)
    assert (row.archived, row.binned, row.starred, row.unread) == (False, False, False, 1)
    letter = Letter.objects.get(account=house.bob).pk
    for path in ("", "delivery/", "about/", "removal/"):
        assert client.get(f"/mail/letter/{letter}/{path}").status_code == 404
    for path in ("", "letters/", "earlier/?before=1", "tools/"):
        assert client.get(f"/mail/inbox/{keys[0]}/{path}").status_code == 404


def test_the_bin_asks_before_it_is_emptied(house: House, browse: Browse) -> None:
    house.write(title="Old")
    house.write(title="Older")
    client, keys = browse(house.bob), threads(house.bob)
    client.post("/mail/inbox/many/", {"thread": keys, "do": "bin"})
    text = page(client.post("/mail/bin/many/", {"thread": keys[:1], "do": "delete"}))
    assert "1 conversation will be deleted." in text
    assert len(threads(house.bob)) == 2
    client.post("/mail/bin/many/", {"thread": keys[:1], "do": "delete", "sure": "1"})
    assert threads(house.bob) == keys[1:]
    assert "1 conversation will be deleted." in page(client.get("/mail/bin/empty/"))
    assert "The conversation is deleted." in page(client.post("/mail/bin/empty/", follow=True))
    assert threads(house.bob) == []
    assert "The bin is empty." in page(client.get("/mail/bin/empty/"))
    assert len(threads(house.alice)) == 2


def test_only_the_bin_deletes(house: House, browse: Browse) -> None:
    house.write()
    client, keys = browse(house.bob), threads(house.bob)
    client.post("/mail/inbox/many/", {"thread": keys, "do": "delete", "sure": "1"})
    client.post("/mail/bin/many/", {"thread": keys, "do": "delete", "sure": "1"})
    assert threads(house.bob) == keys


def test_a_conversation_that_waits_says_so(house: House, browse: Browse) -> None:
    house.write()
    wait(house.bob)
    client, [key] = browse(house.bob), threads(house.bob)
    text = page(client.get("/mail/inbox/"))
    assert "Dinner" not in text
    assert 'data-unread="0"' in text
    assert "Dinner" in page(client.get("/mail/waiting/"))
    text = page(client.get(f"/mail/waiting/{key}/"))
    assert "is not checked" in text
    assert "Compare fingerprints" in text
    text = page(client.post(f"/mail/waiting/{key}/mark/", {"do": "inbox"}, follow=True))
    assert undo_in(text)["let_in"] == house.alice.fingerprint
    assert "Dinner" in page(client.get("/mail/inbox/"))
    client.post("/mail/put-back/", undo_in(text))
    assert "Dinner" in page(client.get("/mail/waiting/"))


def test_marking_in_place(house: House, browse: Browse) -> None:
    house.write()
    client, [key] = browse(house.bob), threads(house.bob)
    starred = client.post(f"/mail/inbox/{key}/mark/", {"do": "star"}, headers=HTMX)
    assert starred["HX-Retarget"] == "#conversation-tools"
    assert 'aria-pressed="true"' in page(starred)
    left = client.post(f"/mail/inbox/{key}/mark/", {"do": "archive"}, headers=HTMX)
    assert "No conversation chosen" in page(left)
    assert left["HX-Push-Url"] == "/mail/inbox/"
    assert "Move to Inbox" in page(client.get(f"/mail/inbox/{key}/tools/"))


def test_new_letters_are_added_and_read_when_seen(house: House, browse: Browse) -> None:
    first = house.write()
    client, [key] = browse(house.bob), threads(house.bob)
    page(client.get(f"/mail/inbox/{key}/"))
    shown = str(Letter.objects.get(account=house.bob).pk)
    address = f"/mail/inbox/{key}/letters/?after={shown}"
    assert client.get(address).status_code == 204
    house.write(title="Re: Dinner", body="Or nine?", reply_to=first)
    text = page(client.get(address))
    assert "Or nine?" in text
    assert "eight" not in text
    assert "data-unseen" in text
    assert Conversation.objects.get(account=house.bob).unread == 1
    new = Letter.objects.filter(account=house.bob).order_by("-id")[0]
    answer = client.post(f"/mail/inbox/{key}/seen/", {"letter": [str(new.pk)]})
    assert answer.status_code == 204
    assert Conversation.objects.get(account=house.bob).unread == 0


def test_a_letter_and_how_it_was_written(house: House, browse: Browse) -> None:
    house.write(body="At **eight**? <b>x</b>")
    client = browse(house.bob)
    key = Letter.objects.get(account=house.bob).pk
    assert "<strong>eight</strong>" in page(client.get(f"/mail/letter/{key}/"))
    folded = page(client.get(f"/mail/letter/{key}/?folded=1"))
    assert "letter--line" in folded
    assert "<strong>" not in folded
    text = page(client.get(f"/mail/letter/{key}/about/"))
    assert "At **eight**? &lt;b&gt;x&lt;/b&gt;" in text
    assert "sdmp://" in text
    assert client.get(f"/mail/letter/{key}/delivery/").status_code == 404


def test_asking_for_removal(house: House, browse: Browse) -> None:
    house.write(title="Hasty")
    client = browse(house.alice)
    key = Letter.objects.get(account=house.alice).pk
    assert "Copies elsewhere may remain" in page(client.get(f"/mail/letter/{key}/removal/"))
    assert not Held.objects.exists()
    text = page(client.post(f"/mail/letter/{key}/removal/", follow=True))
    assert "The removal of “Hasty” is asked for" in text
    held.do_due(timezone.now() + timedelta(seconds=30))
    text = page(client.get(f"/mail/sent/{threads(house.alice)[0]}/"))
    assert "You asked for removal" in text
    assert "eight" not in text
    again = page(client.post(f"/mail/letter/{key}/removal/", follow=True))
    assert "has been asked for already" in again
    theirs = Letter.objects.get(account=house.bob).pk
    assert browse(house.bob).post(f"/mail/letter/{theirs}/removal/").status_code == 404
    text = page(browse(house.bob).get(f"/mail/inbox/{threads(house.bob)[0]}/"))
    assert "Alice took this message back" in text


def test_a_page_knows_the_state_in_which_it_was_made(house: House, browse: Browse) -> None:
    client = browse(house.bob)

    def state() -> str:
        found = re.search(r'data-live-state="([^"]+)"', page(client.get("/mail/inbox/")))
        assert found
        return found[1]

    assert state() == state()


def test_counts_beside_the_name_of_a_folder(house: House, browse: Browse) -> None:
    house.write()
    client = browse(house.bob)
    assert "1 unread" in page(client.get("/mail/folders/?hint=inbox"))
    assert "unread" not in page(client.get("/mail/folders/?hint=archive"))
    assert client.get("/mail/folders/?hint=nonsense").status_code == 404
