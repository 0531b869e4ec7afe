"""An owner shuts somebody out, and gives somebody else a new password."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.gallery import Gallery
from tests.support.furnish import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.nodes]

_NEW = "another house-key 8"


def _sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/account/login/")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(password)
    page.keyboard.press("Enter")


def test_an_open_page_closes_and_says_why(gallery: Gallery) -> None:
    with gallery.window(1280, "light") as window:
        person, owner = window.stranger, window.owner
        _sign_in(person, "chidi", PASSWORD)
        expect(person.locator(".bar [data-connection]")).to_have_attribute("data-state", "live")
        owner.goto("/admin/nodes/account/")
        owner.get_by_role("link", name="Chidi Eze").click()
        owner.get_by_role("link", name="Suspend", exact=True).click()
        owner.get_by_role("button", name="Suspend").click()
        expect(owner.get_by_role("button", name="Let it in again")).to_be_visible()
        # His page is open, and nobody touches it.
        person.wait_for_url("**/account/login/**")
        _sign_in(person, "chidi", PASSWORD)
        expect(person.get_by_text("has suspended this account")).to_be_visible()
        owner.get_by_role("button", name="Let it in again").click()
        expect(owner.get_by_role("link", name="Suspend", exact=True)).to_be_visible()
        _sign_in(person, "chidi", PASSWORD)
        person.wait_for_url("**/mail/inbox/")


def test_a_link_to_a_new_password(gallery: Gallery) -> None:
    with gallery.window(390, "dark") as window:
        person, owner = window.stranger, window.owner
        owner.goto(f"/admin/accounts/{gallery.names['ana_account']}/")
        owner.get_by_role("link", name="Link for a new password").click()
        owner.get_by_role("button", name="Make the link").click()
        # It asks once more who she is, and then goes on by itself.
        owner.get_by_label("Password").fill(PASSWORD)
        owner.get_by_role("button", name="Go on").click()
        link = owner.get_by_role("textbox", name="Link").input_value()
        person.goto(link)
        person.get_by_label("New password").fill(_NEW)
        person.get_by_role("button", name="Save the password").click()
        expect(person.get_by_text("The new password is saved.")).to_be_visible()
        _sign_in(person, "ana", _NEW)
        person.wait_for_url("**/mail/inbox/")
        person.goto(link)
        expect(person.get_by_role("heading", name="This link has ended")).to_be_visible()
