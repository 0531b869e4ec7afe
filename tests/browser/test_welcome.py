"""The first five minutes, the test of the recovery phrase, and a life after the node's death."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sdmp.keys import open_recovery_kit
from tests.browser.people import PASSWORD, Person, befriend

pytestmark = [pytest.mark.browser, pytest.mark.nodes]


def save_recovery_file(who: Person, path: Path) -> Path:
    """Save the recovery file from the page that is open."""
    with who.page.expect_download() as download:
        who.page.get_by_role("link", name="Save the recovery file").click()
    download.value.save_as(path)
    return path


def test_the_first_five_minutes(person: Callable[..., Person], tmp_path: Path) -> None:
    divya = person("Divya Raman")
    page = divya.page
    # 1. The node looks at itself, and says what to do.
    page.goto(divya.first_link())
    address = page.locator("[data-finding=address]")
    expect(address).to_contain_text("only this machine itself reaches it")
    expect(address).to_contain_text("Set SDMPWEB_ADDRESS")
    for slug in ("pages", "clock", "disk", "secret", "jobs"):
        expect(page.locator(f"[data-finding={slug}]")).to_have_attribute("data-state", "ok")
    page.get_by_role("link", name="Continue").click()

    # 2. A name and a password, nothing else.
    expect(page.locator("#step input:not([type=hidden])")).to_have_count(2)
    page.get_by_label("Your name").fill("Divya Raman")
    page.get_by_label("Password").fill("divyaraman")
    page.get_by_role("button", name="Make my account").click()
    expect(page.locator(".hint--bad")).to_contain_text("too similar")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()

    # 3. The phrase, the file, the paper; two words asked back.
    page.wait_for_url("**/welcome/words/")
    expect(page.get_by_text("you sign in as “divya”")).to_be_visible()
    words = page.locator(".words li").all_inner_texts()
    file = save_recovery_file(divya, tmp_path / "recovery-divya.json")
    open_recovery_kit(file.read_bytes(), " ".join(words))
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.reload()
    assert page.locator(".words li").all_inner_texts() == words
    page.get_by_role("link", name="I have written them down").click()
    expect(page.locator(".field label")).to_have_count(2)
    labels = page.locator(".field label").all_inner_texts()
    for label in labels:
        page.get_by_label(label, exact=True).fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Look at the paper again.")).to_have_count(2)
    for label in labels:
        page.get_by_label(label, exact=True).fill(words[int(label.split()[-1]) - 1].upper())
    page.get_by_role("button", name="Continue").click()

    # 4. Who can read.
    expect(page.get_by_role("heading", name="Who can read your mail")).to_be_visible()
    expect(page.locator(".things li")).to_have_count(4)
    page.get_by_role("link", name="Continue").click()

    # 5. Echo: the words of the delivery change by themselves, and an answer comes.
    page.get_by_role("button", name="Send “Hello”").click()
    expect(page.locator("[data-state=received]")).to_contain_text("Received today at")
    expect(page.locator(".letter", has_text="I am Echo")).to_be_visible()
    page.get_by_role("link", name="Continue").click()

    # 6. Others.
    expect(page.get_by_role("link", name="Make an invitation")).to_be_visible()
    page.get_by_role("link", name="Go to the inbox").click()
    expect(page.locator(".row", has_text="Your message arrived")).to_have_count(1)

    # What is left to do, until it is done or put away.
    tasks = page.locator(".checklist")
    expect(tasks.locator("[data-task=backup]")).to_have_attribute("data-done", "")
    expect(tasks.get_by_role("link", name="First contact")).to_be_visible()
    tasks.get_by_role("link", name="Address of this node").click()
    expect(page.locator("[data-finding=address]")).to_contain_text("Set SDMPWEB_ADDRESS")
    divya.go("/mail/inbox/")
    page.get_by_role("button", name="Hide this list").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(tasks).to_have_count(0)

    # The recovery phrase is put to the test, and the copy kept here goes.
    divya.go("/recovery/")
    page.get_by_label("Recovery phrase").fill("these are not the words")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("These words do not open")
    page.get_by_label("Recovery file", exact=True).set_input_files(file)
    page.get_by_label("Recovery phrase").fill(" ".join(words).upper())
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("[data-passed]")).to_contain_text("Your words open your file")
    page.get_by_text("Delete the copy kept here").click()
    page.get_by_label("I have the file myself").check()
    page.get_by_role("button", name="Delete the copy").click()
    expect(page.get_by_text("this node keeps no copy")).to_be_visible()

    # Signing in minds no capital letters.
    divya.context.clear_cookies()
    divya.username = "DIVYA"
    divya.sign_in()


def test_life_after_the_death_of_a_node(person: Callable[..., Person], tmp_path: Path) -> None:
    alice, bob = person("Alice Adams"), person("Bob Brown")
    words = alice.move_in()
    bob.move_in()
    alice.go("/recovery/")
    file = save_recovery_file(alice, tmp_path / "recovery-alice.json")
    befriend(alice, bob, tmp_path)
    alice.write("Bob Brown", "Before the flood", "Keep this.")
    expect(alice.page.locator("[data-state=received]")).to_be_visible()
    bob.go("/card/")
    link = bob.page.locator("#link").input_value()
    alice.context.close()
    alice.node.kill()

    ark = person("Ark")
    page = ark.page
    page.goto(ark.first_link())
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("link", name="I have a recovery file").click()
    page.get_by_label("Recovery file").set_input_files(file)
    page.get_by_label("Recovery phrase").fill(" ".join(words))
    page.get_by_label("Your name").fill("Alice Adams")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Recover my account").click()
    expect(page.get_by_text("You are here who you were before.")).to_be_visible()
    page.get_by_label("Link or card").fill(link)
    page.get_by_role("button", name="Ask there").click()
    # What came back shows by itself; it opens with the words alone.
    expect(page.locator("[data-closed]")).to_contain_text(re.compile("waits? for your words"))
    page.get_by_label("Recovery phrase").fill("these are not the words")
    page.get_by_role("button", name="Open what came back").click()
    expect(page.get_by_role("alert")).to_contain_text("These words do not open")
    came, waits = (
        page.locator("[data-letters]"),
        page.locator("[data-closed]:not([data-closed='0'])"),
    )
    while not came.count():  # more comes bit by bit: then the words are asked once more
        expect(waits).to_be_visible()
        page.get_by_label("Recovery phrase").fill(" ".join(words))
        with page.expect_event("domcontentloaded"):
            page.get_by_role("button", name="Open what came back").click()
        expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("[data-letters]")).to_contain_text("in your folders again")
    ark.go("/mail/sent/")
    page.locator(".row a", has_text="Before the flood").click()
    expect(page.locator(".letter__body")).to_contain_text("Keep this.")
