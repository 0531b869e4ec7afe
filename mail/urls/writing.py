"""Writing."""

from django.urls import URLPattern, URLResolver, path

from mail.views import drafts, write

urlpatterns: list[URLPattern | URLResolver] = [
    path("write/", write.write, name="write"),
    path("write/recipients/", write.recipients, name="recipients"),
    path("write/preview/", write.preview, name="preview"),
    path("write/save/", drafts.save, name="save_draft"),
    path("write/rows/", drafts.rows, name="draft_rows"),
    path("write/held/", drafts.held_letters, name="held_letters"),
    path("write/<int:key>/", write.draft, name="draft"),
    path("write/<int:key>/delete/", drafts.delete, name="delete_draft"),
    path("write/<int:key>/restore/", drafts.restore, name="restore_draft"),
    path("write/<int:key>/now/", drafts.send_now, name="send_now"),
    path("write/<int:key>/files/", drafts.add_file, name="add_draft_file"),
    path("write/<int:key>/files/<int:file>/", drafts.take_out, name="take_out_draft_file"),
    path("write/<int:key>/files/<int:file>/picture/", drafts.picture, name="draft_picture"),
    path("mail/drafts/", drafts.draft_list, name="drafts"),
]
