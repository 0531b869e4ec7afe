"""What a browser calls itself, in words that people know."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext

# The first that is found counts: most browsers also claim to be others.
_BROWSERS: Final = (
    (r"Edg(?:A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"(?:Firefox|FxiOS)/", "Firefox"),
    (r"(?:Chrome|CriOS|Chromium)/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS: Final = (
    (r"Android", "Android"),
    (r"iPhone|iPad|iPod", "iOS"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def browser_words(agent: str) -> str:
    """Return "Firefox on Linux" for the name that a browser gives itself (User-Agent)."""
    browser = next((name for sign, name in _BROWSERS if re.search(sign, agent)), "")
    system = next((name for sign, name in _SYSTEMS if re.search(sign, agent)), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("A browser that does not say which")
