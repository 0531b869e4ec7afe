"""Words about contacts and the trust between people, put into markup."""

from datetime import datetime
from typing import Any, Final

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from mail import presentation
from mail.checking import Check, look_alike_words
from mail.checks import Checks, day_in_words
from mail.contacts import ContactView
from mail.history import Event, Kind
from mail.models import Contact
from mail.templatetags.pages import day
from nodes.models import Account

register = template.Library()

_NAMED: Final = 4  # more nodes than these are counted, not named
_SOON: Final = 30  # days before an end that are counted


@register.simple_tag
def keepers(contact: ContactView) -> SafeString:
    """Return the nodes that keep for a contact what it may read: "the node desk and the relay"."""
    if len(contact.nodes) > _NAMED:
        number = len(contact.nodes)
        words = ngettext("%(number)d node", "%(number)d nodes", number)
        return format_html("{}", words % {"number": number})
    parts = []
    for node in contact.nodes:
        name = presentation.clean_name(node.name)
        if not name:
            nameless = gettext("a node without a name"), gettext("a relay without a name")
            parts.append(format_html("{}", nameless[0] if node.reads else nameless[1]))
            continue
        words = gettext("the node %(node)s") if node.reads else gettext("the relay %(node)s")
        before, _, after = (words % {"node": "\0"}).partition("\0")
        parts.append(format_html('{}<em class="node">{}</em>{}', before, name, after))
    if len(parts) < 2:
        return format_html("{}", "".join(parts)) if not parts else parts[0]
    some = format_html_join(", ", "{}", ((part,) for part in parts[:-1]))
    pattern = gettext("%(some)s and %(last)s") % {"some": "{some}", "last": "{last}"}
    return format_html(pattern, some=some, last=parts[-1])


@register.simple_tag
def until_words(moment: datetime | None) -> SafeString | str:
    """Return "until 1 May 2027", or "ends in 7 days" when it is near; nothing without an end."""
    if moment is None:
        return ""
    zone, now = timezone.get_current_timezone(), timezone.now()
    left = (presentation.in_zone(moment, zone).date() - presentation.in_zone(now, zone).date()).days
    if left > _SOON:
        before, _, after = (gettext("until %(day)s") % {"day": "\0"}).partition("\0")
        return format_html("{}{}{}", before, day(moment), after)
    if left <= 0:
        return gettext("ends today")
    return ngettext("ends in %(number)d day", "ends in %(number)d days", left) % {"number": left}


@register.simple_tag
def day_short(moment: datetime) -> str:
    """Return "20 November", with the year when it is another."""
    return day_in_words(moment, timezone.now(), timezone.get_current_timezone())


@register.filter
def is_soon(moment: datetime | None) -> bool:
    """Tell whether an end is near enough to be counted in days."""
    return moment is not None and (moment - timezone.now()).days < _SOON


@register.filter
def alike_words(name: str, other: str) -> str:
    """Warn of a name that looks like another; see `mail.checking.look_alike_words`."""
    return look_alike_words(name, other)


@register.simple_tag(takes_context=True)
def looks_like_contact(context: Context, name: str, fingerprint: str) -> Contact | None:
    """Find a contact of the reader for whom somebody of this name could be taken.

    However often a page asks, the contacts are read once.
    """
    request = context.get("request")
    account = getattr(request, "user", None)
    if request is None or not isinstance(account, Account):
        return None
    if not hasattr(request, "contact_checks"):
        request.contact_checks = Checks(account)
    checks: Checks = request.contact_checks
    return checks.looks_like(name, fingerprint)


@register.filter
def check_css(check: Check) -> str:
    """Return the class in whose colour a state of checking is shown."""
    return "state--good" if check.good else "state--warn"


@register.simple_tag
def event_words(event: Event, name: str) -> str:
    """Return one line of what happened between the reader and the contact called `name`."""
    words: dict[Kind, Any] = {
        Kind.ADDED: gettext("%(name)s came into your list."),
        Kind.ASKED: gettext("%(name)s asked to be your contact."),
        Kind.CHECKED: gettext("You checked %(name)s."),
        Kind.INTRODUCED: gettext("You took %(name)s as introduced by %(by)s."),
        Kind.BLOCKED: gettext("You blocked %(name)s."),
        Kind.GAVE: gettext("You let %(name)s read what you publish."),
        Kind.WITHDREW: gettext("You withdrew your trust in %(name)s."),
        Kind.RAN_OUT: gettext("Your trust in %(name)s came to its end."),
        Kind.THEY_GAVE: gettext("%(name)s let you read what they publish."),
        Kind.THEY_WITHDREW: gettext("%(name)s withdrew their trust in you."),
        Kind.THEIRS_RAN_OUT: gettext("The trust of %(name)s in you came to its end."),
        Kind.IDENTITY_ENDED: gettext("The identity of %(name)s ended."),
    }
    checked = {
        "in person": gettext("You compared fingerprints with %(name)s in person."),
        "by telephone": gettext("You compared fingerprints with %(name)s by telephone."),
        "by QR code": gettext("You compared fingerprints with %(name)s by QR code."),
    }
    pattern = checked.get(event.how, words[event.kind])
    return str(pattern % {"name": name, "by": presentation.short_name(event.by)})
