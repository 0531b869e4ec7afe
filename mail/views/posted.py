"""What the page for writing has sent: the letter, where it comes from, and files."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext

from mail.drafts import Content, Mark
from mail.forms import WriteForm
from mail.presentation import clean_name
from sdmp.letter import Attachment

NOTICE = "notice"
_MOST_PEOPLE = 500
_LONGEST_NAMES = 2000
_LARGEST = 2**31 - 1


def mark_of(request: HttpRequest, key: int | None = None) -> Mark:
    """Return where a text comes from: draft, revision, page and turn, as the page says."""
    return Mark(
        key=key or _number(request, "draft") or None,
        revision=_number(request, "revision"),
        page=request.POST.get("page", "")[:32],
        turn=_number(request, "turn"),
    )


def content_of(
    request: HttpRequest,
    form: WriteForm,
    *,
    to: tuple[str, ...] | None = None,
) -> Content:
    """Return what is written, whether or not it could be sent as it is.

    Args:
        request: of the page.
        form: what it brought, cleaned.
        to: the recipients, where the names have been understood already.
    """
    chips = dict.fromkeys(request.POST.getlist("to")[:_MOST_PEOPLE])
    data = form.cleaned_data
    return Content(
        to=tuple(chips) if to is None else to,
        names=clean_name(request.POST.get("names", ""))[:_LONGEST_NAMES] if to is None else "",
        title=data.get("title", ""),
        body=form.text_of_body(),
        reply=data.get("reply", ""),
        notice=NOTICE in request.POST,
    )


def upload(file: UploadedFile[bytes]) -> Attachment:
    """Return a file that came along as an attachment."""
    return Attachment(
        name=clean_name(file.name or "") or gettext("file"),
        type=(file.content_type or "application/octet-stream").partition(";")[0].strip(),
        data=file.read(),
    )


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    # ASCII alone: other digits are no numbers of ours, and the length bounds them.
    return min(int(text), _LARGEST) if text.isascii() and text.isdigit() and len(text) < 20 else 0
