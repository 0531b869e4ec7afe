"""Settings by the pages."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from mail.models import Letter, PushSubscription
from mail.people import profile
from nodes.models import Account
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_push import AUTH, key
from tests.mail.test_views import Browse, page

PAGES = (
    "/settings/", "/settings/profile/", "/settings/reading/", "/settings/notifications/",
    "/settings/export/", "/settings/leave/", "/account/2fa/", "/account/sessions/",
    "/account/password/change/", "/account/2fa/webauthn/",
)  # fmt: skip
READING = {"language": "", "timezone": "", "theme": "system", "undo_seconds": "10"}


@pytest.fixture(autouse=True)
def afresh() -> None:
    """Nothing is remembered of the tests before."""
    cache.clear()


def test_every_page_has_the_list_and_nothing_inline(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    for path in PAGES:
        assert Client().get(path).status_code == 302, path
        text = page(client.get(path))
        assert text.count('href="/settings/reading/"') == 1, path
        assert text.count('aria-current="true"') == 1, path
        for odd in ("style=", "<style", "onclick", "security key", "Two-Factor", "<script>"):
            assert odd not in text, (path, odd)


def test_name_and_about(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    given = {"name": "Alice Cooper", "about": "Sings."}
    text = page(client.post("/settings/profile/", given, follow=True))
    assert "Published." in text
    assert 'value="Alice Cooper"' in text
    assert profile(str(house.alice.fingerprint)) == {"name": "Alice Cooper", "about": "Sings."}
    assert "That is so already." in page(client.post("/settings/profile/", given, follow=True))
    refused = client.post("/settings/profile/", {"name": "\u200b", "about": ""})
    assert refused.status_code == 422
    assert "A name is needed" in refused.content.decode()


def test_language_and_zone(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    given = READING | {"language": "de", "timezone": "lisbon", "theme": "dark", "undo_seconds": "0"}
    text = page(client.post("/settings/reading/", given, follow=True))
    assert '<html lang="de" data-theme="dark">' in text
    house.alice.refresh_from_db()
    assert house.alice.timezone == "Europe/Lisbon"
    assert house.alice.undo_seconds == 0
    assert '<html lang="de"' in client.get("/nothing/").content.decode()


def test_dates_follow_the_language(house: House, browse: Browse) -> None:
    house.write()
    Letter.objects.update(filed=datetime(2020, 5, 3, 12, tzinfo=UTC))
    client = browse(house.bob)
    Account.objects.filter(pk=house.bob.pk).update(language="de")
    assert ">3. Mai 2020<" in client.get("/mail/inbox/").content.decode()


def test_the_browsers_language_and_zone_until_one_is_chosen(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    text = client.get("/settings/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de">' in text
    client.cookies["zone"] = "America%2FNew_York"
    assert "America/New York" in page(client.get("/settings/"))
    client.cookies["zone"] = "../../etc/passwd"
    assert "UTC" in page(client.get("/settings/"))
    Account.objects.filter(pk=house.alice.pk).update(language="en", timezone="Asia/Tokyo")
    text = client.get("/settings/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en">' in text
    assert "Asia/Tokyo" in text


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Base"), ("language", "xx"), ("theme", "pink"), ("undo_seconds", "7")],
)
def test_wrong_values_change_nothing(house: House, browse: Browse, field: str, value: str) -> None:
    answer = browse(house.alice).post("/settings/reading/", READING | {field: value})
    assert answer.status_code == 422
    assert "hint--bad" in answer.content.decode()
    before: Any = getattr(house.alice, field)
    house.alice.refresh_from_db()
    assert getattr(house.alice, field) == before


def test_what_notifications_tell(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    assert "Saved." in page(
        client.post("/settings/notifications/", {"notify": "quiet"}, follow=True)
    )
    house.alice.refresh_from_db()
    assert house.alice.notify == "quiet"
    assert client.post("/settings/notifications/", {"notify": "loud"}).status_code == 422


def test_browsers(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    given = {"endpoint": "https://push.example/x", "p256dh": key(), "auth": AUTH}
    agent = {"User-Agent": "Mozilla/5.0 (Android 16) Firefox/150.0"}
    path = "/settings/notifications/browser/"
    text = page(client.post(path, given, headers=agent, follow=True))
    assert "This browser gets notifications now." in text
    assert "Firefox on Android" in text
    assert "By push.example, since" in text
    refused = page(client.post(path, given | {"endpoint": "file:///x"}, follow=True))
    assert "not the address of a push service" in refused
    row = PushSubscription.objects.get()
    browse(house.bob).post(f"{path}{row.pk}/")
    assert PushSubscription.objects.exists()
    assert "gets no more notifications" in page(client.post(f"{path}{row.pk}/", follow=True))
    assert not PushSubscription.objects.exists()
    assert client.get(path).status_code == 405


def test_signing_out_ends_the_notifications_of_that_browser(house: House, browse: Browse) -> None:
    one, other = browse(house.alice), browse(house.alice)
    for client, name in ((one, "x"), (other, "y")):
        given = {"endpoint": f"https://push.example/{name}", "p256dh": key(), "auth": AUTH}
        client.post("/settings/notifications/browser/", given)
    kept = PushSubscription.objects.latest("pk")
    one.post("/account/logout/")
    assert list(PushSubscription.objects.all()) == [kept]


def test_manifest(client: Client, house: House) -> None:
    described = client.get("/manifest.webmanifest")
    assert described["Content-Type"] == "application/manifest+json"
    assert described.json()["name"] == "hearth"
    assert {icon["sizes"] for icon in described.json()["icons"]} == {"192x192", "512x512"}


def test_changing_the_password(house: House, browse: Browse) -> None:
    client = browse(house.alice)
    new = "quite another key 9"
    given = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert "The password is changed." in page(
        client.post("/account/password/change/", given, follow=True)
    )
    house.alice.refresh_from_db()
    assert house.alice.check_password(new)


def test_error_pages_say_what_is_so(house: House, browse: Browse) -> None:
    text = browse(house.alice).get("/nothing/").content.decode()
    assert "<h1>Nothing is here</h1>" in text
    assert timezone.get_current_timezone_name() == "UTC"
