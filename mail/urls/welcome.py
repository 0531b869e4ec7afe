"""First five minutes and recovery."""

from django.urls import URLPattern, URLResolver, path

from mail.views import welcome

urlpatterns: list[URLPattern | URLResolver] = [
    path("recovery-file/", welcome.recovery_file, name="recovery_file"),
    path("welcome/words/", welcome.words, name="welcome_words"),
    path("welcome/check/", welcome.check, name="welcome_check"),
    path("welcome/readers/", welcome.readers, name="welcome_readers"),
    path("welcome/<str:token>/", welcome.name, name="welcome"),
]
