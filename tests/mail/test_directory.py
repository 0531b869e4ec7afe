"""The people on this node."""

import pytest

from journal.enrol import enrol
from mail import directory, requests
from mail.models import Contact
from mail.requests import list_requests
from nodes.errors import UserError
from nodes.models import Account
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_views import Browse, page


@pytest.fixture
def carol(house: House) -> Account:
    """Carol, whom nobody knows yet."""
    return enrol("carol", name="Carol Clark", password=PASSWORD).account


def states(account: Account) -> dict[str, str]:
    return {one.name: one.state for one in directory.list_people(account)}


def test_who_stands_in_it(house: House, carol: Account) -> None:
    assert states(house.alice) == {"Bob Brown": "contact", "Carol Clark": "none"}
    Account.objects.create(username="echo", name="Echo", is_echo=True, fingerprint="E" * 86)
    Account.objects.filter(pk=house.bob.pk).update(is_active=False)
    assert states(house.alice) == {"Carol Clark": "none"}


def test_one_side_goes_first(house: House, carol: Account) -> None:
    directory.add(house.alice, str(carol.fingerprint))
    assert states(house.alice)["Carol Clark"] == "given"
    assert states(carol)["Alice Adams"] == "request"
    assert Contact.objects.get(account=house.alice, user=carol.fingerprint).let_in is not None
    [asked] = list_requests(carol)
    assert asked.local
    requests.accept(carol, asked.fingerprint)
    assert states(house.alice)["Carol Clark"] == "contact"
    assert states(carol)["Alice Adams"] == "contact"


def test_only_people_of_this_node(house: House) -> None:
    for wrong in ("A" * 86, str(house.alice.fingerprint), ""):
        with pytest.raises(UserError, match="Nobody on this node"):
            directory.add(house.alice, wrong)


def test_by_the_page(house: House, carol: Account, browse: Browse) -> None:
    client = browse(house.alice)
    text = page(client.get("/people/"))
    assert "Carol Clark" in text
    assert "Everybody with an account on hearth stands here" in text
    text = page(client.post(f"/people/{carol.fingerprint}/add/", follow=True))
    assert "Carol is your contact now." in text
    assert "Has not answered yet" in text
