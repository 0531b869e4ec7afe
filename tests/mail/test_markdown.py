"""Letters as HTML: what they may show, and that they can do nothing."""

from html.parser import HTMLParser

import pytest

from mail.markdown import PARSED_LENGTH, render
from tests.support.attacks import LETTERS

PIXEL = "data:image/png;base64,iVBORw0KGgo="

_ELEMENTS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "h4"),
    *("h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "span"),
}


class Reader(HTMLParser):
    """Collects the elements of a page and the addresses in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def check_harmless(html: str) -> None:
    """Fail when anything in the page could run, load or leave."""
    page = Reader(html)
    assert set(page.elements) <= _ELEMENTS
    for tag, name, value in page.attributes:
        assert (tag, name) in {
            ("a", "href"), ("a", "rel"), ("a", "target"),
            ("img", "src"), ("img", "alt"), ("img", "loading"), ("ol", "start"),
        }  # fmt: skip
        if name == "href":
            assert value.lower().startswith(("http://", "https://", "mailto:", "sdmp://"))
        if name == "src":
            assert value.startswith(("data:image/png;base64,", "data:image/jpeg;base64,", "/mail/"))
        if name == "rel":
            assert set(value.split()) == {"noopener", "noreferrer", "nofollow"}


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    "![a](https://evil.example/pixel.png)",
    "![a](//evil.example/pixel.png)",
    "![a](/account/logout/)",
    "![a](picture:0)",
    "![a](picture:99999999)",
    "[a](picture:0)",
    "[a]: https://evil.example/x.png\n\n![a]",
    '<https://a.example/"onmouseover=alert(1)>',
    '[a](<https://a.example/" onmouseover="alert(1)>)',
    '![" onerror="alert(1)](' + PIXEL + ")",
    "![a](" + PIXEL + ' "x" onerror=alert(1))',
    "<style>*{background:url(https://evil.example)}</style>",
    "<form action=https://evil.example><input></form>",
    "<iframe src=https://evil.example></iframe><meta http-equiv=refresh content=0>",
    "<svg onload=alert(1)><a xlink:href=javascript:alert(1)></a></svg>",
    "<a href=javascript:alert(1)>a</a>",
    "[![a](https://evil.example/p.png)](javascript:alert(1))",
    "```html\n<script>alert(1)</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    "[x](vbscript:msgbox(1)) [y](file:///etc/passwd) [z](/account/logout/)",
    "\u202e[gro.elpmaxe](javascript:alert(1))",
    "<!--><img src=x onerror=alert(1)>-->",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "> " * 500 + "deep",
    "[" * 5000,
    "*a " * 5000,
    "\x00\x01\ufffd<b>",
]


@pytest.mark.parametrize("text", [*ATTACKS, *LETTERS.values()])
def test_attacks_do_nothing(text: str) -> None:
    check_harmless(render(text))
    check_harmless(render(text, lambda link: "/mail/letter/1/picture/0/"))


def test_what_people_write() -> None:
    html = render("# Title\n\n**bold** *soft* ~~gone~~ `code`\nnext line\n\n1. one\n\n> said")
    for part in ("<h4>Title</h4>", "<strong>bold</strong>", "<em>soft</em>", "<s>gone</s>",
                 "<code>code</code>", "<br>", "<ol>", "<blockquote>"):  # fmt: skip
        assert part in html


def test_links_say_where_they_lead_when_their_words_say_otherwise() -> None:
    for text, shown in {
        "[bank.example](https://evil.example/login)": "bank.example</a> (evil.example)",
        "[**https://bank.example/**](https://evil.example)": "</a> (evil.example)",
        "[аррӏе.com](https://xn--80ak6aa92e.com)": "</a> (xn--80ak6aa92e.com)",
        "<https://аррӏе.com>": "</a> (xn--80ak6aa92e.com)",
        "[anna@bank.example](mailto:anna@evil.example)": "</a> (anna@evil.example)",
        "[bank.example](https://bank.example@evil.example/)": "</a> (evil.example)",
        "[ｂａｎｋ．ｅｘａｍｐｌｅ](https://evil.example)": "</a> (evil.example)",
    }.items():
        assert shown in render(text), text
    for text in ("[home](https://a.example)", "[www.a.example](https://a.example/x)",
                 "<https://a.example/>", "[a@b.example](mailto:a@b.example)"):  # fmt: skip
        assert "</a></p>" in render(text), text


def test_whole_addresses_become_links_and_words_with_points_do_not() -> None:
    html = render("see https://a.example/x. And notes.txt, a.example, me@a.example")
    assert html.count("<a ") == 1
    assert '<a href="https://a.example/x" ' in html


def test_letters_keep_their_order() -> None:
    assert "‮" not in render("photo_‮gnp.exe ‪a‬ ‭b")


def test_links_leave_in_a_tab_of_their_own() -> None:
    html = render("[home](https://a.example/?a=1&b=2)")
    assert 'href="https://a.example/?a=1&amp;b=2"' in html
    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_pictures_of_the_letter_show() -> None:
    assert f'<img src="{PIXEL}" alt="lake" loading="lazy">' in render(f"![lake]({PIXEL})")


def test_pictures_get_a_page_of_their_own() -> None:
    seen: list[str] = []

    def address(link: str) -> str:
        seen.append(link)
        return "/mail/letter/1/picture/0/"

    html = render(f'![lake](<{PIXEL}> "at noon") ![shore]({PIXEL})', address)
    assert html.count('src="/mail/letter/1/picture/0/"') == 2
    assert seen == [PIXEL, PIXEL]


def test_pictures_from_elsewhere_become_words() -> None:
    html = render("![the plan](https://a.example/plan.png)")
    assert "<img" not in html
    assert "“the plan”" in html
    assert "not loaded" in html


def test_pictures_of_other_kinds_become_words() -> None:
    svg = "![plan](data:image/svg+xml;base64,PHN2Zz4=)"
    assert "“plan”, of a kind that is not shown here" in render(svg)
    assert "of a kind that is not shown" in render(f"![lake]({PIXEL})", lambda _: None)


def test_large_pictures_do_not_slow_the_text_down() -> None:
    link = "data:image/png;base64," + "A" * 4_000_000
    html = render(f"before ![x]({link}) **after**", lambda _: "/mail/letter/1/picture/0/")
    assert "<strong>after</strong>" in html
    assert len(html) < 1000


def test_a_very_long_text_is_shown_as_it_is() -> None:
    html = render("<b>" + "x" * PARSED_LENGTH)
    assert html.startswith("<pre>&lt;b&gt;xxx")
    check_harmless(html)
