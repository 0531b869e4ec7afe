"""Settings of an account."""

from django.urls import URLPattern, URLResolver, path

from mail.views import export, push, settings

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/", settings.sections, name="settings"),
    path("settings/profile/", settings.profile, name="settings_profile"),
    path("settings/reading/", settings.reading, name="settings_reading"),
    path("settings/notifications/", push.notifications, name="settings_notifications"),
    path("settings/notifications/browser/", push.subscribe, name="push_subscribe"),
    path("settings/notifications/browser/<int:key>/", push.unsubscribe, name="push_unsubscribe"),
    path("settings/notifications/test/", push.test, name="push_test"),
    path("settings/notice/", push.notice, name="notice"),
    path("settings/notice/latest/", push.latest, name="notice_latest"),
    path("settings/export/", export.page, name="export"),
    path("settings/export/file/", export.file, name="export_file"),
    path("settings/export/progress/", export.progress, name="export_progress"),
    path("settings/leave/", settings.leave, name="leave"),
    path("worker.js", push.worker, name="worker"),
    path("manifest.webmanifest", push.manifest, name="manifest"),
]
