"""Folders, conversations and letters."""

from django.urls import URLPattern, URLResolver, path

from mail.views import conversations, letters, moving

urlpatterns: list[URLPattern | URLResolver] = [
    path("mail/inbox/", conversations.folder, {"slug": "inbox"}, name="inbox"),
    path("mail/folders/", conversations.folder_lists, name="folders"),
    path("mail/requests/", conversations.request_list, name="requests"),
    path("mail/put-back/", moving.put_back, name="put_back"),
    path("mail/bin/empty/", moving.empty_bin, name="empty_bin"),
    path("mail/letter/<slug:key>/", letters.letter, name="letter"),
    path("mail/letter/<slug:key>/delivery/", letters.delivery, name="delivery"),
    path("mail/letter/<slug:key>/about/", letters.about, name="letter_about"),
    path("mail/letter/<slug:key>/removal/", letters.ask_for_removal, name="ask_for_removal"),
    path("mail/letter/<slug:key>/file/<int:index>/", letters.attachment, name="attachment"),
    path("mail/letter/<slug:key>/picture/<int:index>/", letters.picture, name="picture"),
    path("mail/<slug:slug>/", conversations.folder, name="folder"),
    path("mail/<slug:slug>/rows/", conversations.rows, name="rows"),
    path("mail/<slug:slug>/many/", moving.mark_many, name="mark_many"),
    path("mail/<slug:slug>/<slug:thread>/", conversations.conversation, name="conversation"),
    path("mail/<slug:slug>/<slug:thread>/letters/", conversations.letters, name="letters"),
    path("mail/<slug:slug>/<slug:thread>/earlier/", conversations.earlier, name="earlier"),
    path("mail/<slug:slug>/<slug:thread>/tools/", conversations.tools, name="tools"),
    path("mail/<slug:slug>/<slug:thread>/seen/", conversations.seen, name="seen"),
    path("mail/<slug:slug>/<slug:thread>/mark/", moving.mark, name="mark"),
]
