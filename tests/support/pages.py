"""The pages of a node without a browser: forms are fetched, filled in and sent."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from types import TracebackType
from typing import Self

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Pages:
    """Somebody who reads the pages of the node at `url` and keeps its cookies."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False, follow_redirects=True)

    def read(self, path: str) -> str:
        """Read a page; raises AssertionError when it is not there."""
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path} answered {answer.status_code}"
        return unescape(answer.text)

    def send(
        self,
        form: str,
        data: Mapping[str, str | Sequence[str]],
        files: dict[str, bytes] | None = None,
        *,
        to: str = "",
        status: int = 200,
    ) -> str:
        """Send the form of a page, to the page itself unless told; returns what it leads to."""
        token = _TOKEN.search(self.http.get(form).text)
        assert token, f"{form} has no form"
        answer = self.http.post(
            to or form,
            data={**data, "csrfmiddlewaretoken": token[1]},
            files={name: (name, content) for name, content in (files or {}).items()} or None,
            headers={"Referer": str(self.http.base_url.join(form))},
        )
        assert answer.status_code == status, f"{form} answered {answer.status_code}: {answer.text}"
        return unescape(answer.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()
