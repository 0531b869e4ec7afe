"""Which page answers which address."""

from typing import NoReturn

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import include, path, re_path

from sdmpweb.health import health, healthz, metrics_page, readyz

handler429 = "sdmpweb.accounts.too_many"  # django-allauth looks for it here


def nowhere(request: HttpRequest) -> NoReturn:
    """Answer as if there were no such page."""
    raise Http404


# What django-allauth has for sign-ups and electronic mail, which a node does not use.
_UNUSED = r"^account/(?:signup|email|confirm-email|password/reset|login/code)(?:/|$)"

urlpatterns = [
    re_path(_UNUSED, nowhere),
    path("health", health, name="health"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("mail.urls")),
]
