"""Which view answers which address of the pages."""

from django.urls import path
from django.views.generic import RedirectView

from mail.views import cards, contacts, conversations, letters, welcome, write

app_name = "mail"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mail:inbox"), name="home"),
    path("mail/inbox/", conversations.folder, {"slug": "inbox"}, name="inbox"),
    path("mail/folders/", conversations.folder_lists, name="folders"),
    path("mail/letter/<slug:key>/file/<int:index>/", letters.attachment, name="attachment"),
    path("mail/letter/<slug:key>/picture/<int:index>/", letters.picture, name="picture"),
    path("mail/<slug:slug>/", conversations.folder, name="folder"),
    path("mail/<slug:slug>/rows/", conversations.rows, name="rows"),
    path("mail/<slug:slug>/<slug:thread>/", conversations.conversation, name="conversation"),
    path("mail/<slug:slug>/<slug:thread>/letters/", conversations.letters, name="letters"),
    path("mail/<slug:slug>/<slug:thread>/mark/", conversations.mark, name="mark"),
    path("write/", write.write, name="write"),
    path("write/recipients/", write.recipients, name="recipients"),
    path("write/preview/", write.preview, name="preview"),
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
    path("recovery-file/", welcome.recovery_file, name="recovery_file"),
    path("welcome/words/", welcome.words, name="welcome_words"),
    path("welcome/check/", welcome.check, name="welcome_check"),
    path("welcome/readers/", welcome.readers, name="welcome_readers"),
    path("welcome/<str:token>/", welcome.name, name="welcome"),
]
