"""Markdown of a letter → HTML that can do nothing but be read.

Two walls, each sufficient: the parser knows no raw HTML and takes no address but a few kinds of
link and the pictures that came with the letter; then everything passes through a sanitiser with
a short list of elements and attributes. No address of a picture ever leads to another host.
"""

import re
import unicodedata
from collections.abc import Callable, MutableMapping, Sequence
from urllib.parse import unquote, urlsplit

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

PARSED_LENGTH = 64_000
"""Characters; a longer text is shown as it was written, since parsing may take long."""

_SIGNS = "[]*_`<~|\\"
_MOST_SIGNS = 12_000
_MOST_ADDRESSES = 1_000
_MOST_STEPS = 2_000_000
"""The parser's time grows with the square of some signs, and of addresses that hang together."""

SHOWN_LENGTH = 2_000_000
"""Characters; the rest of a still longer text can only be saved."""

_LINK = re.compile(r"(?:https?://[^/\s]|mailto:|sdmp://)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/_=-]+")
_OWN_PICTURE = re.compile(r"/[A-Za-z0-9_-][A-Za-z0-9/_-]*")

# Links to the content of pictures are long, and the parser slow: it gets a number in their place.
_DATA = re.compile(r"(?<=\]\()([ \t]*<?)((?i:data):[!-'*-;=?-~]+)")
_NUMBER = re.compile(r"picture:([0-9]{1,6})")

_HOSTLIKE = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")

# They turn the order of letters round, for no honest reason: marks and isolates do for all else.
_OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F)])

_ELEMENTS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "span"),
}
_ATTRIBUTES = {
    "a": {"href", "target"},
    "img": {"src", "alt", "loading"},
    "ol": {"start"},
}

PictureAddress = Callable[[str], str | None]
"""From a picture's `data:` link to one of this node's own pages that shows it, or None."""


def _allow_link(url: str) -> bool:
    return bool(_LINK.match(url) or _NUMBER.fullmatch(url))


class _Renderer(RendererHTML):
    """Renders pictures of the letter alone, and headings below those of the page."""

    def image(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, object],
    ) -> str:
        """Show a picture that came with the letter, and words in place of any other."""
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children or [], options, env)
        source = str(token.attrGet("src") or "")
        address = _address(source, env)
        if address is None:
            if _NUMBER.fullmatch(source):
                words = gettext("Picture “%(name)s”, of a kind that is not shown here")
            else:
                words = gettext("Picture “%(name)s”, not part of the message and not loaded")
            return f"<em>{escapeHtml(words % {'name': alt})}</em>"
        return f'<img src="{escapeHtml(address)}" alt="{escapeHtml(alt)}" loading="lazy">'

    def heading_open(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, object],
    ) -> str:
        """Open a heading below those of the page."""
        return f"<h{_level(tokens[idx])}>"

    def heading_close(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, object],
    ) -> str:
        """Close a heading."""
        return f"</h{_level(tokens[idx])}>\n"


def _address(source: str, env: MutableMapping[str, object]) -> str | None:
    number, links, find = _NUMBER.fullmatch(source), env["links"], env["picture"]
    assert isinstance(links, list)
    if number is None or int(number[1]) >= len(links):
        return None
    link: str = links[int(number[1])]
    if callable(find):
        found = find(link)
        return found if isinstance(found, str) else None
    return link if _PICTURE.fullmatch(link) else None


def _mend_links(state: StateCore) -> None:
    """Let links lead where they say: in a tab of their own, with the host where words hide it."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _mended(block.children)


def _mended(tokens: Sequence[Token]) -> list[Token]:
    mended: list[Token] = []
    opened: list[tuple[Token, int]] = []  # with the place of what it says
    for token in tokens:
        if token.type == "link_open":
            mended.append(_opening(token))
            opened.append((mended[-1], len(mended)))
        elif token.type == "link_close" and opened:
            start, place = opened.pop()
            said = "".join(part.content for part in mended[place:])
            hint = _host_unsaid(str(start.attrGet("href") or ""), said)
            mended.append(Token(f"{start.tag}_close", start.tag, -1))
            if hint:
                mended.append(Token("text", "", 0, content=f" ({hint})"))
        else:
            mended.append(token)
    return mended


def _opening(link: Token) -> Token:
    href = str(link.attrGet("href") or "")
    if not _LINK.match(href):
        return Token("span_open", "span", 1)
    opening = Token("a_open", "a", 1)
    opening.attrs = {"href": href, "target": "_blank"}
    return opening


def _host_unsaid(href: str, said: str) -> str:
    """Return where a link leads whose words look like another address, or hide their letters.

    A word like "bank.example" that leads elsewhere would mislead; so would letters of another
    alphabet that look like Latin ones, which in a host's technical form (xn--…) cannot hide.
    """
    if href.lower().startswith("mailto:"):
        address = unquote(href[7:].partition("?")[0])
        return address if "@" in said and address.casefold() not in said.casefold() else ""
    try:
        host = (urlsplit(href).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if not host:
        return ""
    if not host.isascii() or "xn--" in host:
        return _technical(host)
    plain = unicodedata.normalize("NFKC", said).casefold()
    named = {found[0].removeprefix("www.") for found in _HOSTLIKE.finditer(plain)}
    return host if named - {host} else ""


def _technical(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return gettext("a strange address")


def _level(token: Token) -> int:
    return min(int(token.tag[1:]) + 3, 6)


def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark",
        {"html": False, "breaks": True, "maxNesting": 20, "linkify": True},
        renderer_cls=_Renderer,
    ).enable(["table", "strikethrough", "linkify"])
    parser.validateLink = _allow_link  # type: ignore[method-assign]
    assert parser.linkify is not None
    # Only whole addresses become links, not every word with a point in it.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.core.ruler.push("mend_links", _mend_links)
    return parser


_PARSER = _parser()


def _keep(element: str, attribute: str, value: str) -> str | None:
    """Say again, behind the parser, where links and pictures may lead."""
    if element == "a" and attribute == "href":
        return value if _LINK.match(value) else None
    if element == "img" and attribute == "src":
        own = _OWN_PICTURE.fullmatch(value) and not value.startswith("//")
        return value if own or _PICTURE.fullmatch(value) else None
    return value


def _takes_long(text: str) -> bool:
    """Tell whether a text is made to keep the parser busy; no letter that is meant to be read is.

    The search for addresses begins at each "//" and "mailto:" and goes on to the next space.
    """
    if sum(map(text.count, _SIGNS)) > _MOST_SIGNS:
        return True
    words = text.lower().split()
    found = [(word.count("//") + word.count("mailto:"), len(word)) for word in words]
    many = sum(number for number, _ in found) > _MOST_ADDRESSES
    return many or sum(number * length for number, length in found) > _MOST_STEPS


def render(text: str, picture: PictureAddress | None = None) -> SafeString:
    """Return the HTML of a letter's Markdown.

    `picture` maps the `data:` link of a picture to a page of this node, or to None if it is not
    to be shown; without it the link itself is used if it is a raster picture's. Never raises.
    """
    links: list[str] = []

    def take(found: re.Match[str]) -> str:
        links.append(found[2])
        return f"{found[1]}picture:{len(links) - 1}"

    short = _DATA.sub(take, text.translate(_OVERRIDES))
    if len(short) > PARSED_LENGTH or _takes_long(short):
        return mark_safe(f"<pre>{escape(text[:SHOWN_LENGTH])}</pre>")  # noqa: S308  (escaped)
    html = _PARSER.render(short, {"picture": picture, "links": links})
    return mark_safe(  # noqa: S308  (what the sanitiser lets through)
        nh3.clean(
            html,
            tags=_ELEMENTS,
            attributes=_ATTRIBUTES,
            attribute_filter=_keep,
            link_rel="noopener noreferrer nofollow",
            url_schemes={"http", "https", "mailto", "sdmp", "data"},
        )
    )
