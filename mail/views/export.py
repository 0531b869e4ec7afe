"""Everything of an account as one file."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Generator

from channels.db import database_sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail.export import Export
from mail.file_names import safe_name
from mail.models import Letter
from mail.toasts import toast
from mail.views import reader

_RUNNING = 60  # seconds after which a file that nobody takes any more counts as given up


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Say what is in the file, and offer it."""
    letters = Letter.objects.filter(account=reader(request)).count()
    return render(request, "mail/settings_export.html", {"letters": letters})


@login_required
@never_cache
@require_POST
def file(request: HttpRequest) -> HttpResponseBase:
    """Give the file, while it is being written."""
    account = reader(request)
    if not cache.add(_lock(account.pk), True, _RUNNING):
        toast(request, gettext("A file is being written already; wait until the browser has it."))
        return redirect("mail:export")
    try:
        zone = timezone.get_current_timezone()
        export = Export(account, timezone.now(), zone)
        pieces = _noted(export, translation.get_language() or "en")
    except BaseException:
        cache.delete(_lock(account.pk))
        raise
    name = f"{safe_name(account.username, 'account')} {timezone.localdate():%Y-%m-%d}.zip"
    response = StreamingHttpResponse(_in_threads(pieces), content_type="application/zip")
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return response


@login_required
@never_cache
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Say how far the file is."""
    return JsonResponse(cache.get(_progress(reader(request).pk)) or {})


def _noted(export: Export, language: str) -> Generator[bytes, None, None]:
    """Give the pieces of a file, and note how far it is, in the language of who asked."""
    key = export.account.pk
    pieces = export.pieces()
    ended = False
    try:
        while True:
            _note(export, over=False, ended=False)
            cache.touch(_lock(key), _RUNNING)
            with translation.override(language):
                piece = next(pieces, None)
            if piece is None:
                ended = True
                return
            yield piece
    finally:
        _note(export, over=True, ended=ended)
        cache.delete(_lock(key))


def _note(export: Export, *, over: bool, ended: bool) -> None:
    said = {"done": export.done, "of": export.total, "over": over, "ended": ended}
    cache.set(_progress(export.account.pk), said, _RUNNING)


class _Turns:
    """Takes a generator on in one thread at a time, whichever asks."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces = pieces
        self._lock = threading.Lock()

    def next(self) -> bytes | None:
        with self._lock:
            return next(self._pieces, None)

    def end(self) -> None:
        with self._lock:
            self._pieces.close()


async def _in_threads(pieces: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    turns = _Turns(pieces)
    # Not on the thread that all of the process shares: a piece takes a while.
    take = database_sync_to_async(turns.next, thread_sensitive=False)
    end = database_sync_to_async(turns.end, thread_sensitive=False)
    try:
        while (piece := await take()) is not None:
            yield piece
    finally:
        await end()


def _lock(account_id: int) -> str:
    return f"exporting-{account_id}"


def _progress(account_id: int) -> str:
    return f"export-{account_id}"
