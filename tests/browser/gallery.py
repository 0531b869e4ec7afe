"""All pages of a node that looks lived in: for checks of each page, and for pictures of them."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.support.furnish import OWNER, PASSWORD
from tests.support.nodes import ROOT, NodeProcess

HEIGHTS: Final = {1280: 800, 390: 844}
SHOWN: Final = [(width, scheme) for width in HEIGHTS for scheme in ("light", "dark")]
_BIRTHDAY: Final = "Grandmother’s eightieth"


@dataclass(frozen=True)
class Step:
    """How to come to a page: its address, what is then done there, and whether one is signed in.

    `{birthday}` in the address is the key of a conversation, `{ana}` and `{ben}` are people's
    fingerprints.
    """

    path: str
    then: Callable[[Page], None] | None = None
    signed_in: bool = True


def _menu(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Your account")).click()


def _letter_menu(page: Page) -> None:
    page.locator("details[data-drop] > summary").last.click()


def _keys(page: Page) -> None:
    page.keyboard.press("?")


def _select(page: Page) -> None:
    page.get_by_role("checkbox").nth(1).check()


def _invite_to_account(page: Page) -> None:
    page.get_by_label("Name").fill("Iris Klee")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("textbox", name="Link")).to_be_visible()


def _write(page: Page) -> None:
    page.get_by_label("Title").fill("The long table")
    page.locator("#text").fill("It is **three metres** long.\n\n- needs four people\n- and a van")
    expect(page.locator("#preview")).to_contain_text("three metres")


def _whole_list(page: Page) -> None:
    page.get_by_text("The same as a list").click()


def _numbers(page: Page) -> None:
    page.get_by_text("The same in numbers").click()


PAGES: Final[dict[str, Step]] = {
    "sign in": Step("/account/login/", signed_in=False),
    "not found": Step("/nothing/here/"),
    "inbox": Step("/mail/inbox/"),
    "conversation": Step("/mail/inbox/{birthday}/"),
    "message menu": Step("/mail/inbox/{birthday}/", _letter_menu),
    "account menu": Step("/mail/inbox/", _menu),
    "keys": Step("/mail/inbox/", _keys),
    "select many": Step("/mail/inbox/?select=1", _select),
    "waiting": Step("/mail/waiting/"),
    "a request": Step("/contacts/{carol}/"),
    "about a message": Step("/mail/letter/{letter}/about/"),
    "ask for removal": Step("/mail/letter/{letter}/removal/"),
    "starred": Step("/mail/starred/"),
    "sent": Step("/mail/sent/"),
    "drafts": Step("/mail/drafts/"),
    "archive, empty": Step("/mail/archive/"),
    "bin, empty": Step("/mail/bin/"),
    "notices": Step("/mail/notices/"),
    "search": Step("/search/?q=boathouse"),
    "search, nothing found": Step("/search/?q=zeppelin"),
    "write": Step("/write/?to={ben}", _write),
    "notice": Step("/write/?notice=1"),
    "contacts": Step("/contacts/"),
    "contact": Step("/contacts/{ana}/"),
    "contact elsewhere": Step("/contacts/{ben}/"),
    "compare": Step("/contacts/{ana}/compare/"),
    "history": Step("/contacts/{ana}/history/"),
    "rename": Step("/contacts/{ana}/rename/"),
    "add contact": Step("/contacts/add/"),
    "directory": Step("/people/"),
    "invite": Step("/invitations/"),
    "card": Step("/card/"),
    "public card": Step("/card/{ana}", signed_in=False),
    "guest, account here": Step("/invite/{guest_here}", signed_in=False),
    "guest, contact": Step("/invite/{guest_elsewhere}", signed_in=False),
    "guest, closed": Step("/invite/nothing-of-ours", signed_in=False),
    "what ends": Step("/ends/"),
    "first message": Step("/welcome/first/"),
    "invite, first minutes": Step("/welcome/invite/"),
    "words gone": Step("/welcome/words/"),
    "change a node": Step("/nodes/{here}/change/"),
    "my nodes": Step("/nodes/"),
    "who can read": Step("/who-can-read/"),
    "self-check": Step("/node-check/"),
    "recovery": Step("/recovery/"),
    "this node": Step("/nodes/{here}/"),
    "add a node": Step("/nodes/add/"),
    "settings": Step("/settings/"),
    "settings, you": Step("/settings/profile/"),
    "settings, reading": Step("/settings/reading/"),
    "settings, notifications": Step("/settings/notifications/"),
    "export": Step("/settings/export/"),
    "leave": Step("/settings/leave/"),
    "sessions": Step("/account/sessions/"),
    "second factors": Step("/account/2fa/"),
    "authenticator": Step("/account/2fa/totp/activate/"),
    "passkeys": Step("/account/2fa/webauthn/"),
    "panel, today": Step("/admin/"),
    "panel, trusts and peers": Step("/admin/map/", _whole_list),
    "panel, picture, what needs attention": Step("/admin/map/?show=attention"),
    "panel, peers": Step("/admin/nodes/peer/"),
    "panel, a peer": Step("/admin/nodes/peer/{silent_peer}/change/", _numbers),
    "panel, trusts": Step("/admin/nodes/trust/"),
    "panel, trusts, nothing found": Step("/admin/nodes/trust/?q=zeppelin&state=soon"),
    "panel, a trust": Step("/admin/nodes/trust/{trust_in_ben}/change/"),
    "panel, withdraw a trust": Step("/admin/nodes/trust/{trust_in_ben}/withdraw/"),
    "panel, renew a trust": Step("/admin/nodes/trust/{trust_in_ana}/renew/"),
    "panel, health": Step("/admin/health/"),
    "panel, after a restore": Step("/admin/restored/"),
    "panel, journal": Step("/admin/journal/line/"),
    "panel, a resource": Step("/admin/journal/line/5/change/"),
    "panel, backups": Step("/admin/backups/"),
    "panel, storage": Step("/admin/storage/"),
    "panel, retention": Step("/admin/retention/"),
    "change password": Step("/account/password/change/"),
    "panel, accounts": Step("/admin/nodes/account/"),
    "panel, an account": Step("/admin/accounts/{chidi_account}/"),
    "panel, a suspended account": Step("/admin/accounts/{maximiliana_account}/"),
    "panel, suspend an account": Step("/admin/accounts/{chidi_account}/suspend/"),
    "panel, delete an account": Step("/admin/accounts/{chidi_account}/delete/"),
    "panel, make an account": Step("/admin/accounts/make/"),
    "panel, a link to an account": Step("/admin/accounts/make/", _invite_to_account),
    "panel, a new password": Step("/admin/accounts/{mira_account}/login-link/"),
    "panel, invitations": Step("/admin/mail/invitation/"),
    "panel, announcement": Step("/admin/announcement/"),
    "panel, audit": Step("/admin/hosting/auditentry/"),
    "panel, audit, one change": Step("/admin/hosting/auditentry/3/change/"),
    "new password": Step("/new-password/{new_password}", signed_in=False),
    "new password, closed": Step("/new-password/nothing-of-ours", signed_in=False),
    "suspended": Step("/account/inactive/", signed_in=False),
}


@dataclass
class Gallery:
    """A furnished node that runs, and what stands in the addresses of its pages."""

    node: NodeProcess
    browser: Browser
    names: dict[str, str]
    state: Path
    foreign: list[str] = field(default_factory=list)  # what pages asked other hosts for

    @contextlib.contextmanager
    def window(self, width: int, scheme: str) -> Iterator[Window]:
        """Open a window of that width, in the light or the dark, signed in and not."""
        contexts = [
            self._context(width, scheme, signed_in=signed_in) for signed_in in (False, True)
        ]
        try:
            yield Window(self, contexts[0].new_page(), contexts[1].new_page())
        finally:
            for context in contexts:
                context.close()

    def note(self, request: Request) -> None:
        """Note what a page asks another host for."""
        if not request.url.startswith((self.node.url + "/", "data:", "blob:")):
            self.foreign.append(request.url)

    def _context(self, width: int, scheme: str, *, signed_in: bool) -> BrowserContext:
        return self.browser.new_context(
            base_url=self.node.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            locale="en-GB",
            storage_state=self.state if signed_in else None,
        )

    def sign_in(self) -> None:
        """Sign the owner in, and keep that for the contexts to come."""
        context = self.browser.new_context(base_url=self.node.url, locale="en-GB")
        page = context.new_page()
        page.goto("/account/login/")
        page.locator("[name=login]").fill(OWNER)
        page.locator("[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/mail/inbox/")
        context.storage_state(path=self.state)
        context.close()


@dataclass
class Window:
    """A window of one width and scheme, in which one page after the other is opened."""

    gallery: Gallery
    stranger: Page
    owner: Page

    def __post_init__(self) -> None:
        for page in (self.stranger, self.owner):
            page.on("request", self.gallery.note)

    def show(self, width: int, scheme: str) -> None:
        """Make the window as wide as that, light or dark."""
        for page in (self.stranger, self.owner):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.emulate_media(
                color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
            )

    def open(self, name: str) -> Page:
        """Open one of the pages, and wait until it is all there."""
        step = PAGES[name]
        page = self.owner if step.signed_in else self.stranger
        page.goto(step.path.format(**self.gallery.names))
        connection = page.locator(".bar [data-connection]")
        if connection.count():
            expect(connection).to_have_attribute("data-state", "live")
        if step.then is not None:
            step.then(page)
        return page


@dataclass(frozen=True)
class Furnished:
    """A furnished node that runs, and what stands in the addresses of its pages."""

    node: NodeProcess
    names: dict[str, str]
    state: Path  # where it is kept that the owner is signed in

    def gallery(self, browser: Browser) -> Gallery:
        """Let a browser look at it, in which its owner is signed in."""
        gallery = Gallery(self.node, browser, self.names, self.state)
        if not self.state.exists():
            gallery.sign_in()
        return gallery


@contextlib.contextmanager
def furnish(directory: Path) -> Iterator[Furnished]:
    """Furnish a node, and start it."""
    node = NodeProcess(directory / "hearth", settings={"SDMPWEB_WORKERS": "1"})
    node.prepare()
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.furnish"],
        cwd=ROOT, env=node.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = orjson.loads(done.stdout)
    names = {**told["places"], "birthday": told["conversations"][_BIRTHDAY]}
    node.start()
    try:
        yield Furnished(node, names, directory / "state.json")
    finally:
        node.stop()
