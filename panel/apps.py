"""The Django application `panel`, and Django's admin with our site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PanelConfig(AppConfig):
    """Registers `panel` with Django."""

    name = "panel"
    label = "panel"


class OwnersAdminConfig(AdminConfig):
    """Lets `django.contrib.admin.site` be the owner's panel."""

    default_site = "panel.site.OwnersSite"
