"""Letters that want to run, load, leave or mislead: Markdown and HTML, one line of reason each.

`{host}` stands for the address of a listener of the test, which nobody must ever ask.
"""

from __future__ import annotations

from typing import Final

SVG: Final = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0icHduZWQoKSIvPg=="
PIXEL: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4"
    "nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)

LETTERS: Final[dict[str, str]] = {
    # What runs
    "script": "<script>pwned()</script>",
    "script from elsewhere": '<script src="{host}/x.js"></script>',
    "script cut in two": "<scr<script>ipt>pwned()</scr</script>ipt>",
    "script in a table": "| a |\n|---|\n| <script>pwned()</script> |",
    "script in a code block": "```html\n<script>pwned()</script>\n```\n`<script>pwned()</script>`",
    "script behind a comment": "<!--><script>pwned()</script>-->",
    "script in cdata": "<![CDATA[<script>pwned()</script>]]>",
    "script after a null": "<\x0bscript>pwned()</script>",
    "picture with a handler": '<img src="x" onerror="pwned()">',
    "picture with slashes": '<img/src="x"/onerror="pwned()"/>',
    "svg with a handler": '<svg onload="pwned()"><circle r="9"/></svg>',
    "svg that animates a link": '<svg><a><animate attributeName="href" to="javascript:pwned()"/>'
    "<text>press</text></a></svg>",
    "mathml": '<math><maction actiontype="statusline" xlink:href="javascript:pwned()">x</maction>',
    "details that opens": '<details open ontoggle="pwned()"><summary>x</summary></details>',
    "field with focus": '<input autofocus onfocus="pwned()">',
    "video": '<video><source onerror="pwned()"></video><audio src="x" onerror="pwned()"></audio>',
    "marquee": '<marquee onstart="pwned()">x</marquee>',
    "body handler": '<body onload="pwned()">',
    "template": "<template><script>pwned()</script></template>",
    "noscript trick": '<noscript><p title="</noscript><img src=x onerror=pwned()>">',
    "mutation": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwned()>",
    "htmx attributes": '<div hx-get="{host}/h" hx-trigger="load">x</div>'
    '<div data-live="letter" hx-on:load="pwned()">x</div>',
    # Links that run
    "javascript link": "[press](javascript:pwned())",
    "javascript link in mixed case": "[press](JaVaScRiPt:pwned())",
    "javascript link with a tab": "[press](java\tscript:pwned())",
    "javascript link in entities": "[press](&#106;avascript&colon;pwned())",
    "javascript link in escapes": "[press](\\javascript:pwned())",
    "javascript autolink": "<javascript:pwned()>",
    "javascript by reference": "[press][x]\n\n[x]: javascript:pwned()",
    "javascript html link": '<a href="javascript:pwned()">press</a>',
    "javascript behind a blank": "[press]( javascript:pwned())",
    "vbscript link": "[press](vbscript:pwned())",
    "data link": "[press](data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+)",
    "blob link": "[press](blob:https://a.example/1)",
    "file link": "[press](file:///etc/passwd)",
    "own pages": "[press](/account/logout/) [press](//a.example) [press](?q=1) [press](#letters)",
    "link with a handler": '[press](<https://a.example/" onmouseover="pwned()>)',
    "title with a handler": '[press](https://a.example "x\\" onmouseover=\\"pwned()")',
    "picture as a link": "[![x]({host}/p.png)](javascript:pwned())",
    # What loads
    "remote picture": "![x]({host}/p.png)",
    "remote picture without scheme": "![x](//127.0.0.1/p.png)",
    "remote picture by reference": "![x][p]\n\n[p]: {host}/p.png",
    "remote html picture": '<img src="{host}/p.png" srcset="{host}/q.png 2x">',
    "svg picture": f"![x](data:image/svg+xml;base64,{SVG})",
    "svg called png": f"![x](data:image/png;base64,{SVG})",
    "own page as a picture": "![x](/account/logout/) ![x](picture:0)",
    "style": "<style>body {{ background: url({host}/s) }} @import '{host}/i.css';</style>",
    "style attribute": '<p style="background:url({host}/s);position:fixed;inset:0">x</p>',
    "stylesheet": '<link rel="stylesheet" href="{host}/c.css"><link rel="preload" href="{host}/l">',
    "frame": '<iframe src="{host}/f"></iframe><iframe srcdoc="<script>pwned()</script>"></iframe>',
    "object": '<object data="{host}/o"></object><embed src="{host}/e">',
    "refresh": '<meta http-equiv="refresh" content="0;url={host}/m">',
    "base": '<base href="{host}/"><a href="x">press</a>',
    "form": '<form action="{host}/form"><button autofocus>press</button></form>',
    "prefetch": '<link rel="dns-prefetch" href="{host}">',
    "background": '<table background="{host}/b"><tr><td>x</td></tr></table>',
    "picture with a title": f'![" onerror="pwned()]({PIXEL} "x\\" onerror=\\"pwned()")',
    # What weighs
    "deep quotes": "> " * 3000 + "deep",
    "deep lists": "\n".join("  " * n + "- x" for n in range(400)),
    "open brackets": "[" * 20000,
    "open pictures": "![" * 20000,
    "stars": "*a " * 20000,
    "backticks": "`" * 30000 + "a",
    "long line": "x" * 60000,
    "many links": "[a](https://a.example) " * 2000,
    "wide table": "|" + "a|" * 2000 + "\n|" + "-|" * 2000,
    # What misleads
    "other host in the words": "[https://bank.example/login](https://evil.example/)",
    "look-alike host": "[аррӏе.com](https://xn--80ak6aa92e.com)",
    "user part": "<https://bank.example@evil.example/>",
    "order turned round": "invoice_‮gnp.exe and ⁧⁦x⁩ [gro.elpmaxe‮](https://evil.example)",
    "a page of ours": '<div class="toast"><p>Your session has ended</p>'
    '<form action="/account/login/"><input name="password"></form></div>',
    "ids of the page": '<p id="read">x</p><a name="csrf-token"></a><img name="cookie">',
    "zero width": "bank​.example, b​ank",
    "combining marks": "Z" + "̴͓" * 500 + "a",
    "headings": "# You\n# Checked in person\n## Received",
}

_ALONE: Final = 5_000
"""Characters; a letter that is longer weighs, and comes alone."""


def bundles(size: int = 5) -> dict[str, str]:
    """Put several attacks into one letter, so that a browser has fewer to open.

    What one of them leaves open must not harm the next one, nor shut it up: each stands between
    paragraphs of its own.
    """
    short = [(name, text) for name, text in LETTERS.items() if len(text) < _ALONE]
    made = {name: text for name, text in LETTERS.items() if len(text) >= _ALONE}
    for start in range(0, len(short), size):
        some = short[start : start + size]
        names = "; ".join(name for name, _ in some)
        made[names] = "\n\nnext\n\n".join(text for _, text in some)
    return made


TITLES: Final = (
    "<script>pwned()</script>",
    '" onmouseover="pwned()',
    "‮txt.exe",
    "{{ 7*7 }}{% load x %}",
    "x" * 300,
)

FILES: Final = (
    ("page.html", "text/html", b"<script>opener.pwned()</script>"),
    ("drawing.svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" onload="pwned()"/>'),
    ("photo.png", "image/png", b"<html><script>pwned()</script></html>"),
    ("‮gpj.exe", "image/jpeg", b"MZ"),
    ("../../etc/passwd", "text/plain", b"x"),
    ('a"; filename="b.html', "text/plain", b"x"),
)
"""Attachments: name, media type as the sender says, content."""
