"""Contacts and cards."""

from django.urls import URLPattern, URLResolver, path

from mail.views import cards, contacts

urlpatterns: list[URLPattern | URLResolver] = [
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/rows/", contacts.rows, name="contact_rows"),
    path("contacts/add/", contacts.add, name="add_contact"),
    path("contacts/<str:fingerprint>/", contacts.contact, name="contact"),
    path("contacts/<str:fingerprint>/detail/", contacts.detail, name="contact_detail"),
    path("contacts/<str:fingerprint>/accept/", contacts.accept_request, name="accept_request"),
    path("contacts/<str:fingerprint>/withdraw/", contacts.withdraw, name="withdraw"),
    path("card/", cards.own_card, name="card"),
    path("card/file/", cards.own_card_file, name="card_file"),
    path("card/<str:fingerprint>", cards.public_card, name="public_card"),
    path("who-can-read/", cards.who_can_read, name="who_can_read"),
]
