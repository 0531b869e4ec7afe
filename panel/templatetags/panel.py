"""Tables and fields of Django's admin, put into our markup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import items_for_result, result_headers
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext

register = template.Library()


@register.simple_tag
def list_headers(cl: ChangeList) -> list[dict[str, Any]]:
    """Return the heads of a list's columns, that of the boxes to tick in words."""
    heads = list(result_headers(cl))
    for name, head in zip(cl.list_display, heads, strict=True):
        if name == "action_checkbox":
            head["text"] = gettext("Choose")
            head["hidden"] = True
    return heads


@register.simple_tag
def list_rows(cl: ChangeList) -> Iterator[list[SafeString]]:
    """Return the cells of each row, with the roles and labels that let them be cards on a phone."""
    labels = [capfirst(strip_tags(str(head["text"]))) for head in list_headers(cl)]
    for result in cl.result_list:
        yield [
            _cell(cell, label)
            for cell, label in zip(items_for_result(cl, result, None), labels, strict=False)
        ]


def _cell(cell: str, label: str) -> SafeString:
    tag, rest = cell[:3], mark_safe(cell[3:])  # noqa: S308  (Django has escaped it)
    if tag == "<th":
        return format_html('<th role="rowheader" scope="row"{}', rest)
    return format_html('<td role="cell" data-label="{}"{}', label, rest)


@register.simple_tag
def page_address(cl: ChangeList, number: int) -> str:
    """Return where another page of a list is."""
    return cl.get_query_string({PAGE_VAR: number})


@register.simple_tag
def shown_rows(cl: ChangeList) -> tuple[int, int]:
    """Return the numbers of the first and the last row that a page of a list shows."""
    shown = len(cl.result_list)
    first = (cl.page_num - 1) * cl.list_per_page + 1 if cl.multi_page else 1
    return first, first + shown - 1


@register.filter
def views(rows: list[Any]) -> list[Any]:
    """Return what `OwnersAdmin.prepare` has added to each row."""
    return [row.view for row in rows if hasattr(row, "view")]


@register.filter
def number(value: float) -> str:
    """Return a number of a drawing, whatever the language: "12" or "12.5"."""
    return f"{value:.1f}".removesuffix(".0")


@register.filter
def chosen(choices: list[dict[str, Any]]) -> str:
    """Return what is chosen in a filter, in words."""
    return next((str(one["display"]) for one in choices if one["selected"]), "")


@register.filter
def panel_field(field: BoundField) -> SafeString:
    """Return an input of a form of the admin with our class; boxes and dots keep their look."""
    widget: Any = field.field.widget
    widget = getattr(widget, "widget", widget)  # out of the admin's links to other tables
    if not isinstance(widget, CheckboxInput | CheckboxSelectMultiple | RadioSelect):
        widget.attrs["class"] = "input"
    return field.as_widget(widget)
