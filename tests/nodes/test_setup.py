"""Where the links of the pages lead."""

import pytest

from nodes.setup import opens_here_alone


@pytest.mark.parametrize(
    ("url", "host", "alone"),
    [
        ("", "127.0.0.1", True),
        ("", "::1", True),
        ("", "0.0.0.0", True),
        ("", "192.0.2.7", False),
        ("http://localhost:8000", "127.0.0.1", True),
        ("https://mail.example", "127.0.0.1", False),
    ],
)
def test_links_that_open_on_this_machine_alone(
    settings: object, url: str, host: str, alone: bool
) -> None:
    settings.WEB_URL, settings.LISTEN_HOST = url, host  # type: ignore[attr-defined]
    assert opens_here_alone() is alone
