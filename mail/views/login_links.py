"""The page of a link by which a person sets a new password."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mail import login_links
from mail.forms_login_links import NewPasswordForm
from mail.views import from_address, too_many
from nodes.bounds import CARDS
from nodes.errors import UserError


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a new password, and save it."""
    if not from_address(request, CARDS):
        return too_many(request)
    link = login_links.find(token, timezone.now())
    if link is None:
        return render(request, "account/new_password_closed.html", status=410)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            account = login_links.use(token, form.cleaned_data["password"], now=timezone.now())
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = gettext("The new password is saved. Sign in as %(name)s with it.")
            messages.success(request, sentence % {"name": account.username})
            return redirect("account_login")
    context = {"form": form, "link": link, "username": link.account.username}
    status = 422 if form.is_bound else 200
    return render(request, "account/new_password.html", context, status=status)
