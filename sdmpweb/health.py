"""What those ask who watch the node: is it alive, can it work, how is it."""

import hmac
import ipaddress

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hosting import metrics, readiness

_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 with `ok`; an unreachable database makes it 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process lives, whatever becomes of its database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the process can do its work, else 503 with the names of what fails."""
    failing = readiness.failing()
    answer = {"ready": not failing, "failing": failing}
    return JsonResponse(answer, status=503 if failing else 200)


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Give the metrics to this machine, or to who shows the token; to others there is no page."""
    if not (_shows_token(request) or _is_from_here(request)):
        raise Http404
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _shows_token(request: HttpRequest) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    return (
        bool(token)
        and scheme.lower() == "bearer"
        and hmac.compare_digest(shown.strip().encode(), token.encode())
    )


def _is_from_here(request: HttpRequest) -> bool:
    """Tell whether the caller is on this machine itself, and not behind a proxy on it."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_loopback:
        return False
    # A proxy that is not believed calls from here too: it says for whom, or by which name.
    if any(name in request.headers for name in _FORWARDED):
        return False
    host = split_domain_port(request.get_host())[0].strip("[]")
    return host in ("localhost", "127.0.0.1", "::1")
