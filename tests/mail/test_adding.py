"""Adding by what people hand over, over real HTTP where another node is asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from journal.enrol import enrol
from mail import adding, contacts, invitations, requests
from mail.cards import export_card
from nodes.errors import UserError
from nodes.models import Account
from nodes.setup import web_url
from sdmp.card import MEDIA_TYPE
from tests.mail.conftest import PASSWORD, House
from tests.mail.test_qr import picture
from tests.mail.test_views import Browse, page
from tests.support.hostile import Actor

TOKEN = "t" * 32


@pytest.fixture
def carol(house: House) -> Account:
    """Carol, of this node, whom nobody knows yet."""
    cache.clear()
    return enrol("carol", name="Carol Clark", password=PASSWORD).account


@pytest.fixture(scope="module")
def rita() -> Actor:
    """Rita, who lives on another node."""
    return Actor("Rita Roe")


class Elsewhere:
    """Another node, as far as links lead to it."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.left: list[bytes] = []
        self.takes = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(200 if self.path in outer.answers else 404, outer.answers.get(self.path))

            def do_POST(self) -> None:
                outer.left.append(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Content-Type"] == MEDIA_TYPE
                assert "Cookie" not in self.headers
                self._say(204 if outer.takes else 410, None)

            def _say(self, status: int, data: bytes | None) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def elsewhere(rita: Actor) -> Iterator[Elsewhere]:
    """Rita's node: her card, and an invitation of hers."""
    made = Elsewhere()
    made.answers[f"/card/{rita.user.fingerprint}"] = rita.card()
    made.answers[f"/invite/{TOKEN}"] = rita.card()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_link_of_a_card(house: House, elsewhere: Elsewhere, rita: Actor) -> None:
    user = rita.user.fingerprint
    found = adding.look(house.alice, f"  {elsewhere.url}/card/{user}?x=1#y \n")
    assert (found.summary.fingerprint, found.summary.name) == (user, "Rita Roe")
    assert found.invitation == ""
    assert contacts.contact(house.alice, user) is None
    assert adding.add(house.alice, found.card, None).contact.name == "Rita Roe"
    assert elsewhere.left == []


def test_a_link_certifies_what_it_leads_to(house: House, elsewhere: Elsewhere, rita: Actor) -> None:
    elsewhere.answers[f"/card/{'A' * 86}"] = rita.card()
    with pytest.raises(UserError, match="not the one that the link names"):
        adding.look(house.alice, f"{elsewhere.url}/card/{'A' * 86}")
    elsewhere.answers[f"/card/{'B' * 86}"] = b"<!doctype html>"
    with pytest.raises(UserError, match="This is not a card"):
        adding.look(house.alice, f"{elsewhere.url}/card/{'B' * 86}")
    with pytest.raises(UserError, match="There is no card at this link"):
        adding.look(house.alice, f"{elsewhere.url}/card/{'C' * 86}")


def test_an_invitation_elsewhere(house: House, elsewhere: Elsewhere, rita: Actor) -> None:
    link = f"{elsewhere.url}/invite/{TOKEN}"
    found = adding.look(house.alice, link)
    assert found.invitation == link
    added = adding.add(house.alice, found.card, "Rita from the fair", link)
    assert added.problem == ""
    assert added.contact.name == "Rita from the fair"
    assert elsewhere.left == [export_card(house.alice)]


def test_an_invitation_that_is_not_taken(house: House, elsewhere: Elsewhere, rita: Actor) -> None:
    elsewhere.takes = False
    added = adding.add(house.alice, rita.card(), None, f"{elsewhere.url}/invite/{TOKEN}")
    assert added.contact.given
    assert "not any more" in added.problem
    with pytest.raises(UserError, match="not open"):
        adding.look(house.alice, f"{elsewhere.url}/invite/{'u' * 32}")


def test_links_of_this_node_need_no_network(house: House, carol: Account) -> None:
    found = adding.look(house.alice, f"{web_url()}/card/{carol.fingerprint}")
    assert found.summary.name == "Carol Clark"
    token = invitations.invite(carol, kind="contact", lifetime="day", now=timezone.now())[1]
    link = invitations.link_of(token)
    found = adding.look(house.alice, link)
    added = adding.add(house.alice, found.card, None, found.invitation)
    assert added.problem == ""
    [asked] = requests.list_requests(carol)
    assert asked.invited
    assert adding.add(house.alice, found.card, None, link).problem == (
        "This invitation is not open any more."
    )
    with pytest.raises(UserError, match="not open"):
        adding.look(house.alice, link)
    with pytest.raises(UserError, match="Nobody on this node"):
        adding.look(house.alice, f"{web_url()}/card/{'A' * 86}")


def test_what_is_nothing_of_the_kind(house: House) -> None:
    for wrong in (
        "hello", "https://node.example/", "https://node.example/card/short",
        "javascript:alert(1)", "ftp://x/card/" + "A" * 86, "//x/card/" + "A" * 86,
        "https://node.example/x/card/" + "A" * 86, "https://[/card/" + "A" * 86,
    ):  # fmt: skip
        with pytest.raises(UserError, match="neither a card nor the link"):
            adding.look(house.alice, wrong)
    with pytest.raises(UserError, match="a fingerprint and nothing more"):
        adding.look(house.alice, "A" * 86)
    with pytest.raises(UserError, match="own card"):
        adding.look(house.alice, export_card(house.alice).decode())
    with pytest.raises(UserError, match="neither a card nor a picture"):
        adding.look_at_file(house.alice, b"\xfe\xfe\xfe")


def test_files(house: House, carol: Account) -> None:
    link = f"{web_url()}/card/{carol.fingerprint}"
    for data in (
        export_card(carol), b"\xef\xbb\xbf" + export_card(carol), link.encode() + b"\n",
        picture(link), picture(link, "jpeg"),
    ):  # fmt: skip
        assert adding.look_at_file(house.alice, data).summary.name == "Carol Clark"
    with pytest.raises(UserError, match="a fingerprint and nothing more"):
        adding.look_at_file(house.alice, picture(str(carol.fingerprint)))


def test_no_way_inside(house: House, settings: object, elsewhere: Elsewhere, rita: Actor) -> None:
    settings.ALLOW_PRIVATE = False  # type: ignore[attr-defined]
    path = f"card/{rita.user.fingerprint}"
    with pytest.raises(UserError, match="begin with https"):
        adding.look(house.alice, f"{elsewhere.url}/{path}")
    for host in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "192.168.0.1"):
        with pytest.raises(UserError, match="not a public address"):
            adding.look(house.alice, f"https://{host}:{elsewhere.server.server_port}/{path}")


def test_by_the_pages(house: House, browse: Browse, elsewhere: Elsewhere, rita: Actor) -> None:
    cache.clear()
    client, user = browse(house.alice), rita.user.fingerprint
    code = picture(f"{elsewhere.url}/invite/{TOKEN}", "jpeg")
    given = {"picture": SimpleUploadedFile("photo.jpg", code)}
    text = page(client.post("/contacts/add/", given))
    assert "This is the card of <bdi>Rita Roe</bdi>" in text
    assert "since this is an invitation" in text
    assert f'name="invitation" value="{elsewhere.url}/invite/{TOKEN}"' in text
    assert elsewhere.left == []
    sent = {"card": rita.card().decode(), "invitation": f"{elsewhere.url}/invite/{TOKEN}",
            "do": "add", "name": "Rita"}  # fmt: skip
    elsewhere.takes = False
    text = page(client.post("/contacts/add/", sent, follow=True))
    assert "Rita is your contact now." in text
    assert "The invitation could not be used" in text
    assert f'href="/contacts/{user}/compare/"' in text
    assert client.get(f"/contacts/{'A' * 86}/added/").status_code == 404
    answer = client.post("/contacts/add/", {"card": "http://127.0.0.1:9/card/" + "A" * 86})
    assert answer.status_code == 422
    assert "nothing listens there" in answer.content.decode()
