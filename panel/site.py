"""The owner's panel as a Django admin site: who may enter, and what stands on its front page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from nodes.models import Account
from panel.parts import GROUPS, part_of

_OURS: Final = frozenset({"hosting", "mail", "journal", "nodes"})


class OwnersSite(AdminSite):
    """Django's admin for the owners of the node, with further pages of its own."""

    site_title = site_header = index_title = _("Owner’s panel")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in our own tables only; libraries bring theirs, with sessions and second factors."""
        models = (
            model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        )
        ours = [model for model in models if model._meta.app_label in _OURS]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in owners, and nobody else."""
        user = request.user
        return isinstance(user, Account) and user.is_active and user.is_superuser

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:  # type: ignore[override]
        """Sign in by the one door where attempts are counted and second factors are asked for."""
        answer: HttpResponseBase = secure_admin_login(super().login)(request, extra_context)
        return answer

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Give the addresses of our own pages, then the admin's."""
        from panel.urls import own_urls

        return [*own_urls(self.admin_view), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the navigation, and in which part of it the page stands."""
        return {
            **super().each_context(request),
            "groups": GROUPS,
            "part": part_of(request),
        }

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show whether the node is well, and what needs the owner today."""
        from panel.views.front import front

        return front(request)

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the front page: the navigation lists all there is."""
        return redirect("admin:index")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the page that everybody has for it."""
        return redirect("account_change_password")
