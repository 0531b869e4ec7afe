"""What came with a letter: files to save, pictures to look at.

Nothing here is ever a page of our own: a file is only offered to be saved, and only a raster
picture, known by its first bytes, is shown, shut in a sandbox.
"""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from mail import selectors
from mail.pictures import picture_type
from mail.presentation import clean_name
from mail.views import reader
from sdmp.letter import Attachment

_SHUT = "default-src 'none'; frame-ancestors 'none'; sandbox"


def _attachment(request: HttpRequest, key: str, index: int) -> Attachment:
    found = selectors.attachment(reader(request), key, index)
    if found is None:
        raise Http404
    return found


def _answer(data: bytes, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Security-Policy"] = _SHUT
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_safe
def attachment(request: HttpRequest, key: str, index: int) -> HttpResponse:
    """Offer one attachment to be saved, whatever it says that it is."""
    found = _attachment(request, key, index)
    response = _answer(found.data, "application/octet-stream")
    name = clean_name(found.name).replace("/", "_").replace("\\", "_").strip(". ") or "file"
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return response


@login_required
@require_safe
def picture(request: HttpRequest, key: str, index: int) -> HttpResponse:
    """Show one attachment that is a raster picture."""
    found = _attachment(request, key, index)
    media_type = picture_type(found.data)
    if media_type is None:
        raise Http404
    response = _answer(found.data, media_type)
    # A letter never changes, so its pictures may stay in this browser for a while.
    response["Cache-Control"] = "private, max-age=3600"
    return response
