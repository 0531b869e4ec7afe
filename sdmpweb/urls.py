"""Which page answers which address."""

from django.contrib import admin
from django.urls import include, path

from sdmpweb.health import health

handler429 = "sdmpweb.accounts.too_many"  # django-allauth looks for it here

urlpatterns = [
    path("health", health, name="health"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("mail.urls")),
]
