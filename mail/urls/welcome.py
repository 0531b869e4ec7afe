"""First five minutes and recovery."""

from django.urls import URLPattern, URLResolver, path

from mail.views import recovery, welcome

urlpatterns: list[URLPattern | URLResolver] = [
    path("recovery/", recovery.page, name="recovery"),
    path("recovery/forget/", recovery.forget, name="recovery_forget"),
    path("recovery/mail/", recovery.old_mail, name="old_mail"),
    path("recovery/mail/open/", recovery.open_old_mail, name="open_old_mail"),
    path("recovery/mail/state/", recovery.old_mail_state, name="old_mail_state"),
    path("recovery-file/", recovery.recovery_file, name="recovery_file"),
    path("node-check/", recovery.node_check, name="selfcheck"),
    path("checklist/hide/", welcome.put_away, name="checklist_hide"),
    path("welcome/words/", welcome.words, name="welcome_words"),
    path("welcome/check/", welcome.check, name="welcome_check"),
    path("welcome/readers/", welcome.readers, name="welcome_readers"),
    path("welcome/first/", welcome.first, name="welcome_first"),
    path("welcome/first/letters/", welcome.first_letters, name="welcome_first_letters"),
    path("welcome/invite/", welcome.invite, name="welcome_invite"),
    path("welcome/<str:token>/", welcome.begin, name="welcome"),
    path("welcome/<str:token>/name/", welcome.name, name="welcome_name"),
    path("welcome/<str:token>/recover/", welcome.recover, name="welcome_recover"),
]
