"""Which view answers which address of the pages."""

from django.urls import path
from django.views.generic import RedirectView

from mail.urls import (
    invitations,
    login_links,
    mailbox,
    nodes,
    people,
    search,
    settings,
    welcome,
    writing,
)
from mail.views import announcement, undo

app_name = "mail"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mail:inbox"), name="home"),
    path("undo/", undo.pending, name="held"),
    path("announcement/aside/", announcement.put_aside, name="announcement_aside"),
    path("undo/<int:key>/", undo.undo, name="undo"),
    *search.urlpatterns,
    *writing.urlpatterns,
    *invitations.urlpatterns,
    *people.urlpatterns,
    *nodes.urlpatterns,
    *settings.urlpatterns,
    *welcome.urlpatterns,
    *login_links.urlpatterns,
    *mailbox.urlpatterns,
]
