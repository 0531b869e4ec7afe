"""Which page answers which address."""

from django.contrib import admin
from django.urls import include, path

from sdmpweb.health import health, healthz, metrics_page, readyz

handler429 = "sdmpweb.accounts.too_many"  # django-allauth looks for it here

urlpatterns = [
    path("health", health, name="health"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("mail.urls")),
]
