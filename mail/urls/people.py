"""Contacts and cards."""

from django.urls import URLPattern, URLResolver, path

from mail.views import cards, checking, contacts

urlpatterns: list[URLPattern | URLResolver] = [
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/rows/", contacts.rows, name="contact_rows"),
    path("contacts/<str:fingerprint>/", contacts.contact, name="contact"),
    path("contacts/<str:fingerprint>/detail/", contacts.detail, name="contact_detail"),
    path("contacts/<str:fingerprint>/history/", contacts.contact_history, name="contact_history"),
    path("contacts/<str:fingerprint>/rename/", contacts.rename, name="rename_contact"),
    path("contacts/<str:fingerprint>/compare/", checking.compare, name="compare"),
    path("contacts/<str:fingerprint>/check/", checking.check, name="check"),
    path("contacts/<str:fingerprint>/uncheck/", checking.uncheck, name="uncheck"),
    path("contacts/<str:fingerprint>/introduce/", checking.introduce, name="introduce"),
    path("contacts/<str:fingerprint>/replace/", contacts.replace, name="replace_contact"),
    path("contacts/<str:fingerprint>/withdraw/", contacts.withdraw, name="withdraw"),
    path("contacts/<str:fingerprint>/trust/", contacts.trust_again, name="trust_again"),
    path("contacts/<str:fingerprint>/block/", contacts.block, name="block"),
    path("contacts/<str:fingerprint>/unblock/", contacts.unblock, name="unblock"),
    path("contacts/<str:fingerprint>/remove/", contacts.remove, name="remove_contact"),
    path("card/", cards.own_card, name="card"),
    path("card/file/", cards.own_card_file, name="card_file"),
    path("card/<str:fingerprint>", cards.public_card, name="public_card"),
    path("who-can-read/", cards.who_can_read, name="who_can_read"),
]
