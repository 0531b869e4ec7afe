"""Words of the settings' pages."""

from collections.abc import Sequence

from django import template
from django.template.defaultfilters import stringfilter

from mail.browsers import browser_words as words_of_browser
from mail.people import profile
from mail.presentation import join_words, node_words

register = template.Library()
register.filter("browser_words", stringfilter(words_of_browser))


@register.simple_tag
def says_of_self(fingerprint: str) -> dict[str, str]:
    """Return what a user has published about himself: `name` and `about`, where there are any."""
    return profile(fingerprint)


@register.filter
@stringfilter
def zone_words(name: str) -> str:
    """Return the name of a time zone as people write it: "Europe/Berlin", "America/New York"."""
    return name.replace("_", " ")


@register.filter
def node_list(names: Sequence[str]) -> str:
    """Return the names of several nodes: "desk and box"."""
    return join_words([node_words(name) for name in names])
