"""Writing."""

from django.urls import URLPattern, URLResolver, path

from mail.views import write

urlpatterns: list[URLPattern | URLResolver] = [
    path("write/", write.write, name="write"),
    path("write/recipients/", write.recipients, name="recipients"),
    path("write/preview/", write.preview, name="preview"),
]
