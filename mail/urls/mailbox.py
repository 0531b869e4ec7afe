"""Folders, conversations and letters."""

from django.urls import URLPattern, URLResolver, path

from mail.views import conversations, letters

urlpatterns: list[URLPattern | URLResolver] = [
    path("mail/inbox/", conversations.folder, {"slug": "inbox"}, name="inbox"),
    path("mail/folders/", conversations.folder_lists, name="folders"),
    path("mail/letter/<slug:key>/file/<int:index>/", letters.attachment, name="attachment"),
    path("mail/letter/<slug:key>/picture/<int:index>/", letters.picture, name="picture"),
    path("mail/<slug:slug>/", conversations.folder, name="folder"),
    path("mail/<slug:slug>/rows/", conversations.rows, name="rows"),
    path("mail/<slug:slug>/<slug:thread>/", conversations.conversation, name="conversation"),
    path("mail/<slug:slug>/<slug:thread>/letters/", conversations.letters, name="letters"),
    path("mail/<slug:slug>/<slug:thread>/mark/", conversations.mark, name="mark"),
]
