"""A user of a node: signs in, writes letters through the page's form, and has a page open."""

from __future__ import annotations

import http.client
import json
import re
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import httpx
from websockets import Origin
from websockets.sync.client import connect

from tests.support.nodes import NodeProcess

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def sign_in(node: NodeProcess, username: str, password: str) -> dict[str, str]:
    """Sign in as a browser does; returns the cookies."""
    with httpx.Client(base_url=node.url) as browser:
        page = browser.get("/account/login/")
        page.raise_for_status()
        token = _TOKEN.search(page.text)
        assert token is not None, "the page for signing in has no form"
        answer = browser.post(
            "/account/login/",
            data={"login": username, "password": password, "csrfmiddlewaretoken": token[1]},
        )
        assert answer.status_code == 302, f"signing in was answered with {answer.status_code}"
        return dict(browser.cookies)


class Writer:
    """Writes letters over one connection that is kept open.

    The standard library's client, since what the sender costs is taken from the same cores.
    """

    def __init__(self, node: NodeProcess, cookies: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        self._token = cookies["csrf"]
        self._headers = {**_FORM, "Cookie": "; ".join(f"{n}={v}" for n, v in cookies.items())}

    def write(self, to: str, title: str, body: str) -> None:
        """Send a letter to a user (a fingerprint); raises AssertionError when it is refused."""
        form = {"csrfmiddlewaretoken": self._token, "to": to, "title": title, "body": body}
        self._connection.request("POST", "/write/", urlencode(form), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 302, f"{answer.status}: {text[:2000]!r}"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Page:
    """An open page: hears at `/live` what changes."""

    def __init__(self, node: NodeProcess, cookies: dict[str, str]) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{node.port}/live",
            origin=Origin(node.url),
            additional_headers={"Cookie": "; ".join(f"{n}={v}" for n, v in cookies.items())},
            compression=None,
        )

    def wait_for(self, event: str, seconds: float = 30) -> None:
        """Wait until the page is told of an event; raises TimeoutError."""
        while json.loads(self._socket.recv(timeout=seconds))["event"] != event:
            pass

    def quiet(self, seconds: float) -> None:
        """Read on until nothing has come for so long."""
        try:
            while True:
                self._socket.recv(timeout=seconds)
        except TimeoutError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
