"""Settings, notifications, taking everything along and leaving, on one node."""

import base64
import copy
import hashlib
import hmac
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import PASSWORD, PATIENCE, Person, company, until
from tests.support.house import House
from tests.support.pushing import PushService

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

# Notifications end in the system, which no test can see: what is shown is written down.
RECORD = """
window.shown = [];
window.Notification = class {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title, options) {
    window.shown.push({ title, ...options });
    window.last = this;
    this.on = {};
  }
  addEventListener(name, work) { this.on[name] = work; }
  close() {}
};
"""
AWAY = "Document.prototype.hasFocus = () => false;"
KEYS = {
    "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQt"
    "UbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
    "auth": "tBHItJI5svbpez7KI4CCXg",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with Alice and Bob, who know each other, and Carol, who will leave."""
    node = House(tmp_path_factory.mktemp("house"))
    people = {"alice": "Alice", "bob": "Bob Brown", "carol": "Carol Clark"}
    friends = [("alice", "bob"), ("bob", "alice"), ("bob", "carol"), ("carol", "bob")]
    node.move_in(people, PASSWORD, friends=friends)
    node.start()
    yield node
    node.kill()


@pytest.fixture
def visit(browser: Browser, house: House) -> Iterator[Callable[..., Person]]:
    """Sit somebody down before the house's pages, signed in: `visit("Alice")`."""
    with company() as made:

        def sit_down(
            name: str, *, at: House = house, script: str = "", anew: bool = False, **options: Any
        ) -> Person:
            person = Person(browser, at, name, **options)
            made.append(person)
            if script:
                person.context.add_init_script(script)
            person.sign_in(anew=anew)
            return person

        yield sit_down


@pytest.fixture
def letter(house: House, tmp_path: Path) -> Callable[..., None]:
    """Let Bob send Alice a letter: `letter("Title")`."""

    def send(title: str, body: str = "Something secret.", sender: str = "bob") -> None:
        (tmp_path / "body").write_text(body)
        contacts = json.loads(house.command("list_contacts", sender, "--json"))
        [alice] = [contact for contact in contacts if contact["name"].lower() == "alice"]
        house.command(
            "send_message", sender, "--to", alice["user"], "--title", title,
            "--body-file", str(tmp_path / "body"),
        )  # fmt: skip

    return send


def toast(page: Page, words: str) -> None:
    """See what happened, in a toast."""
    expect(page.locator("#toasts")).to_contain_text(words)


def confirm(page: Page) -> None:
    """Show once more that it is oneself."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_a_new_name_is_seen_by_contacts(visit: Callable[..., Person]) -> None:
    bob, alice = visit("Bob"), visit("Alice")
    alice.go("/contacts/")
    alice.page.locator(".row a", has_text="Bob Brown").click()
    expect(alice.page.get_by_role("heading", name="Bob Brown")).to_be_visible()
    alice.connected()
    bob.page.get_by_role("button", name="Your account:").click()
    bob.page.get_by_role("link", name="Settings").click()
    bob.page.get_by_label("Name", exact=True).fill("Robert Brown")
    bob.page.get_by_label("About").fill("Bakes on Sundays.\nSells none.")
    bob.page.get_by_role("button", name="Publish").click()
    toast(bob.page, "Published.")
    expect(bob.page.locator(".account")).to_contain_text("Robert Brown")
    # The open page shows it by itself.
    expect(alice.page.get_by_text("Bakes on Sundays.")).to_be_visible()
    expect(alice.page.get_by_text("Own name: Robert Brown")).to_be_visible()
    bob.page.get_by_label("Name", exact=True).fill("Bob Brown")
    bob.page.get_by_role("button", name="Publish").click()
    expect(alice.page.get_by_text("Own name:")).to_have_count(0)


def test_language_zone_and_look(visit: Callable[..., Person]) -> None:
    carol = visit("Carol", timezone_id="America/New_York")
    page = carol.page
    carol.go("/settings/reading/")
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    page.get_by_label("Time zone").fill("Mars")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("There is no such time zone.")).to_be_visible()
    page.get_by_label("Time zone").fill("lisbon")
    page.get_by_label("Dark").check()
    page.get_by_label("Language").select_option("Deutsch")
    page.locator("form.panel .btn--primary").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("[data-zone]")).to_have_value("Europe/Lisbon")
    expect(page.locator("body")).to_have_css("background-color", "rgb(21, 24, 27)")
    page.locator("#id_language").select_option("en")
    page.locator("#id_theme_0").check()
    page.locator("form.panel .btn--primary").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    toast(page, "Saved.")


def test_signing_in_with_a_passkey(visit: Callable[..., Person], house: House) -> None:
    # No browser makes passkeys for an address of numbers.
    named = copy.copy(house)
    named.url = house.url.replace("127.0.0.1", "localhost")
    bob = visit("Bob", at=named, anew=True)
    page = bob.page
    session = bob.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    bob.go("/account/2fa/")
    page.get_by_role("link", name="Add").click()
    confirm(page)
    page.get_by_label("What you call it").fill("My telephone")
    page.get_by_role("button", name="Make the passkey").click()
    toast(page, "The passkey is added.")
    expect(page.locator(".codes li")).to_have_count(10)  # for the day when it is lost
    bob.go("/account/2fa/webauthn/")
    expect(page.get_by_text("My telephone")).to_be_visible()
    page.get_by_role("link", name="Rename My telephone").click()
    page.get_by_label("What you call it").fill("Old telephone")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Old telephone")).to_be_visible()
    page.get_by_role("button", name="Your account:").click()
    page.get_by_role("button", name="Sign out").click()
    bob.go("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/mail/inbox/")
    bob.go("/account/2fa/webauthn/")
    page.get_by_role("link", name="Remove Old telephone").click()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove").click()
    toast(page, "The passkey is removed.")


def number_of(secret: str) -> str:
    """What an authenticator app shows now, and for eight seconds at least (RFC 6238)."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left)
    counter = int(time.time() // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_an_authenticator_app_and_spare_codes(visit: Callable[..., Person]) -> None:
    bob = visit("Bob", anew=True)
    page = bob.page
    bob.go("/account/2fa/")
    page.get_by_role("link", name="Turn on").click()
    confirm(page)
    drawn = page.get_by_alt_text("QR code for the authenticator app")
    expect(drawn).to_be_visible()
    until(lambda: drawn.evaluate("picture => picture.naturalWidth > 0"), page)
    secret = page.get_by_label("Or type this into the app").input_value()
    page.get_by_label("The number in the app").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".hint--bad")).to_be_visible()
    secret = page.get_by_label("Or type this into the app").input_value()
    page.get_by_label("The number in the app").fill(number_of(secret))
    page.get_by_role("button", name="Turn on").click()
    toast(page, "The authenticator app is on.")
    bob.go("/account/2fa/recovery-codes/")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("button", name="Your account:").click()
    page.get_by_role("button", name="Sign out").click()
    bob.go("/account/login/")
    page.get_by_label("Name to sign in with").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("The number in the authenticator app").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/mail/inbox/")
    bob.go("/account/2fa/")
    expect(page.get_by_text("9 are left.")).to_be_visible()
    page.get_by_role("link", name="Turn off").click()
    confirm(page)
    page.get_by_role("button", name="Turn off").click()
    toast(page, "The authenticator app is off.")


def test_signing_other_browsers_out(visit: Callable[..., Person]) -> None:
    here, elsewhere = visit("Carol"), visit("Carol", anew=True)
    here.go("/account/sessions/")
    expect(here.page.get_by_text("This browser")).to_have_count(1)
    here.page.get_by_role("button", name="Sign the others out").click()
    toast(here.page, "The other browsers are signed out.")
    elsewhere.page.goto("/settings/")
    elsewhere.page.wait_for_url("**/account/login/**")
    here.page.goto("/settings/")
    expect(here.page.get_by_role("heading", name="Settings")).to_be_visible()


def shown(*pages: Page) -> list[dict[str, object]]:
    """What notifications these pages have shown."""
    return [one for page in pages for one in page.evaluate("window.shown")]


def test_one_of_several_open_pages_tells(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    alice = visit("Alice", script=RECORD + AWAY)
    pages = [alice.page, alice.open_page()]
    pages[1].goto("/settings/")
    for page in pages:
        expect(page.locator(".bar [data-connection]")).to_have_attribute("data-state", "live")
    letter("Secret title")
    until(lambda: shown(*pages), pages[0])
    [one] = shown(*pages)
    assert one["title"] == "Bob Brown wrote to you"
    assert "ecret" not in json.dumps(one)
    # Clicking it opens the conversation.
    page = next(page for page in pages if page.evaluate("window.shown.length"))
    page.evaluate("window.last.on.click()")
    expect(page.locator("#conversation-title")).to_have_text("Secret title")


def test_a_page_that_is_looked_at_shows_nothing(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    alice = visit("Alice", script=RECORD)
    alice.connected()
    with alice.page.expect_response(re.compile("/settings/notice/")):
        letter("Seen at once")
    expect(alice.page.locator(".row", has_text="Seen at once")).to_have_count(1)
    assert shown(alice.page) == []


def test_the_test_comes_to_an_open_page(visit: Callable[..., Person]) -> None:
    carol = visit("Carol", script=RECORD)
    carol.go("/settings/notifications/")
    carol.connected()
    carol.page.get_by_role("button", name="Send", exact=True).click()
    toast(carol.page, "The test comes in 5 seconds.")
    carol.page.wait_for_function("() => window.shown.length === 1")
    assert shown(carol.page)[0]["title"] == "This is the test"


def test_a_browser_is_pushed_when_no_page_is_open(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    alice = visit("Alice", script=RECORD)
    with PushService() as service:
        alice.go("/settings/notifications/")
        form = {"endpoint": f"{service.url}/alices-browser", **KEYS}
        with alice.page.expect_navigation():
            alice.page.evaluate(
                """(values) => {
                  const form = document.querySelector("[data-subscription]");
                  for (const name in values) form.elements[name].value = values[name];
                  form.submit();
                }""",
                form,
            )
        toast(alice.page, "This browser gets notifications now.")
        expect(alice.page.get_by_text("By 127.0.0.1, since")).to_be_visible()
        alice.connected()
        letter("While a page is looked at")
        expect(alice.page.locator(".folders .count--new").first).to_be_visible()
        alice.page.close()
        letter("While none is open")
        assert service.came.wait(PATIENCE / 1000)
        [(path, headers, content)] = service.took
        assert (path, content) == ("/alices-browser", b"")
        assert headers["authorization"].startswith("vapid t=")


def test_a_woken_browser_asks_what_to_say(
    visit: Callable[..., Person], letter: Callable[..., None]
) -> None:
    alice = visit("Alice", permissions=["notifications"])
    page = alice.page
    letter("For the worker")
    session = alice.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(r["registrationId"] for r in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
    )
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": alice.node.url, "registrationId": registrations[0], "data": ""},
    )
    [[title, url]] = until(
        lambda: page.evaluate(
            """async () => {
              const worker = await navigator.serviceWorker.ready;
              return (await worker.getNotifications()).map((one) => [one.title, one.data.url]);
            }"""
        ),
        page,
    )
    assert title in ("Bob Brown wrote to you", "Something came for you on hearth")
    assert url.startswith("/mail/")


def test_everything_in_one_archive(
    visit: Callable[..., Person], letter: Callable[..., None], tmp_path: Path
) -> None:
    letter("To keep", "Words to keep.")
    alice = visit("Alice")
    expect(alice.page.locator(".row", has_text="To keep")).to_have_count(1)
    alice.go("/settings/export/")
    with alice.page.expect_download() as download:
        alice.page.get_by_role("button", name="Save the archive").click()
    download.value.save_as(tmp_path / "all.zip")
    expect(alice.page.get_by_text("The browser has the archive.").first).to_be_visible()
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        [text] = [name for name in names if "To keep" in name and name.endswith(".md")]
        assert b"Words to keep." in archive.read(text)
        assert {"README.txt", "card.sdmp", "contacts.json", "journal.txt"} <= set(names)


def test_the_only_owner_cannot_leave(visit: Callable[..., Person]) -> None:
    alice = visit("Alice")
    alice.go("/settings/leave/")
    expect(alice.page.get_by_text("You are the only owner")).to_be_visible()
    expect(alice.page.get_by_role("button", name="Delete the account")).to_have_count(0)


def test_leaving(visit: Callable[..., Person]) -> None:
    carol = visit("Carol")
    page = carol.page
    carol.go("/settings/leave/")
    expect(page.get_by_role("heading", name="What stays elsewhere")).to_be_visible()
    page.get_by_label("Name to sign in with").fill("carol")
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("heading", name="The account is deleted")).to_be_visible()
    carol.go("/settings/")
    page.get_by_label("Name to sign in with").fill("carol")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".hint--bad").first).to_be_visible()
