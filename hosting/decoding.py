"""Taking a resource apart for reading (protocol §2 to §9).

What people wrote is never shown: of a message its size, of what is sealed what everybody who
passes it on can see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from journal.models import Resource
from sdmp.encoding import JSON, read_json, unb64, write_json
from sdmp.errors import SdmpError
from sdmp.resource import read_resource

_TEXTS: Final = frozenset({"message", "uri"})
_LONGEST: Final = 2000
_LABELS: Final = {
    "user": _("speaks for"),
    "trust": _("by the trust"),
    "type": _("type"),
    "expires": _("until"),
    "key": _("public key"),
    "fingerprint": _("fingerprint"),
    "trustee": _("trusts"),
    "authorization": pgettext_lazy("a power", "may"),
    "resource": _("revokes"),
    "name": _("name"),
    "about": _("about"),
    "ips": _("addresses"),
    "urls": _("web addresses"),
    "version": _("version"),
    "schemas": _("sections"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One line of a section: `about` says what a page can lead to from it.

    `about` is "user", "identifier", "moment", "code" or nothing.
    """

    label: str
    text: str
    about: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a container, as a table."""

    name: str
    values: list[Value] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A resource taken apart; `problem` says why it could not be."""

    sections: list[Section] = field(default_factory=list)
    trust: str = ""
    problem: str = ""


def may_be_saved(row: Resource) -> bool:
    """Tell whether the raw form of a resource may be given: not when it holds what people wrote."""
    return row.is_held and row.kind not in _TEXTS


def decode(row: Resource) -> Decoded:
    """Take a resource apart."""
    if not row.is_held:
        return Decoded()
    try:
        content = read_resource(row.envelope(), resolve=lambda _uri: {})
    except SdmpError as error:
        return Decoded(problem=str(error))
    payload = read_json(row.envelope().content)
    assert isinstance(payload, dict)
    sections = [Section("sdmp", _values(payload["sdmp"])), Section("resource", [])]
    sections[1].values.extend(_values(payload["resource"]))
    for name, section in content.sections.items():
        sections.append(_section(name, section))
    return Decoded(sections, trust=content.trust or "")


def _section(name: str, section: JSON) -> Section:
    if name == "encrypted":
        return Section(name, _sealed(section))
    if name in ("identity", "trust", "revoke", "node", "user") and isinstance(section, dict):
        return Section(name, _values(section))
    if name == "receipt":
        return Section(name, [Value(gettext("for"), str(section), "identifier")])
    if name == "schema":
        text = write_json(section).decode()
        return Section(name, [Value(gettext("JSON Schema"), text[:_LONGEST], "code")])
    size = len(write_json(section))
    what = gettext("%(n)d bytes, which the panel does not show") % {"n": size}
    return Section(name, [Value(gettext("content"), what)])


def _sealed(section: Any) -> list[Value]:
    """Tell what everybody sees of sealed content (§7): nobody's name stands in it."""
    found = []
    try:
        header = unb64(section["protected"]).decode()
        keys = [len(unb64(each["key"])) for each in section["recipients"]]
        sealed = len(unb64(section["payload"]))
    except (SdmpError, UnicodeDecodeError):
        return [Value(gettext("content"), gettext("not in the form of the protocol"))]
    found.append(Value(gettext("header"), header, "code"))
    for number, size in enumerate(keys, 1):
        label = gettext("key %(n)d of %(all)d") % {"n": number, "all": len(keys)}
        words = gettext("for an RSA key of %(bits)d bits; whose, is not written down")
        found.append(Value(label, words % {"bits": size * 8}))
    found.append(Value(gettext("sealed content"), gettext("%(n)d bytes") % {"n": sealed}))
    return found


def _values(section: Any) -> list[Value]:
    return [_value(name, value) for name, value in section.items()]


def _value(name: str, value: JSON) -> Value:
    label = str(_LABELS.get(name, name))
    if isinstance(value, str):
        moment = parse_datetime(value) if name == "expires" else None
        if moment is not None:
            return Value(label, value, "moment", moment)
        about = {"user": "user", "trustee": "user", "fingerprint": "user", "key": "code"}
        about |= {"trust": "identifier", "resource": "identifier", "authorization": "identifier"}
        return Value(label, value[:_LONGEST], about.get(name, ""))
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return Value(label, ", ".join(map(str, value))[:_LONGEST] or "–")
    return Value(label, write_json(value).decode()[:_LONGEST], "code")
