"""Invitations, requests, adding somebody, and the people on this node."""

from django.urls import URLPattern, URLResolver, path

from mail.views import adding, directory, invitations, requests

urlpatterns: list[URLPattern | URLResolver] = [
    path("invitations/", invitations.invite, name="invite"),
    path("invitations/<int:key>/", invitations.invitation, name="invitation"),
    path("invitations/<int:key>/withdraw/", invitations.withdraw, name="withdraw_invitation"),
    path("invitations/<int:key>/restore/", invitations.restore, name="restore_invitation"),
    # Without a slash at the end: protocol §12 writes links so, and people pass them on.
    path("invite/<str:token>", invitations.guest, name="guest"),
    path("invite/<str:token>/recover", invitations.recover, name="guest_recover"),
    path("contacts/<str:fingerprint>/accept/", requests.accept, name="accept_request"),
    path("requests/<str:fingerprint>/ignore/", requests.ignore, name="ignore_request"),
    path("requests/<str:fingerprint>/unignore/", requests.unignore, name="unignore_request"),
    path("requests/<str:fingerprint>/block/", requests.block, name="block_request"),
    path("requests/<str:fingerprint>/unblock/", requests.unblock, name="unblock_request"),
    path("contacts/add/", adding.add, name="add_contact"),
    path("contacts/<str:fingerprint>/added/", adding.added, name="added"),
    path("people/", directory.people, name="directory"),
    path("people/<str:fingerprint>/add/", directory.add, name="directory_add"),
]
