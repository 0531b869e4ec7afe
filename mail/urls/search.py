"""Search."""

from django.urls import URLPattern, URLResolver, path

from mail.views import search

urlpatterns: list[URLPattern | URLResolver] = [
    path("search/", search.search, name="search"),
    path("search/more/", search.more, name="search_more"),
    path("search/<int:key>/", search.open_hit, name="search_open"),
]
