"""Setting a new password by a link from the owner of the node."""

from django.urls import URLPattern, URLResolver, path

from mail.views import login_links

urlpatterns: list[URLPattern | URLResolver] = [
    path("new-password/<str:token>", login_links.new_password, name="new_password"),
]
