"""The owner's first minutes: the account, the recovery phrase, who can read.

Between the page that makes the phrase and the one that asks two words back, the phrase is kept
nowhere here: the browser holds it in a cookie, sealed with the node secret.
"""

import binascii
import secrets

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from journal.enrol import enrol_owner
from mail.forms import OwnerForm, WordsForm
from mail.views import reader
from nodes import keystore, setup
from nodes.errors import UserError
from sdmp.encoding import b64, unb64
from sdmp.errors import SdmpError

_COOKIE = "phrase"
_PURPOSE = "recovery phrase until it is written down"
_PATH = "/welcome/"
_SECONDS = 3600
_ASKED = 2


def _keep(response: HttpResponse, request: HttpRequest, phrase: str) -> None:
    response.set_cookie(
        _COOKIE,
        b64(keystore.seal(phrase.encode(), _PURPOSE)),
        max_age=_SECONDS,
        path=_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def _kept(request: HttpRequest) -> list[str]:
    """Return the words of the phrase, none when the browser does not hold it any more."""
    try:
        sealed = unb64(request.COOKIES.get(_COOKIE, ""))
        return keystore.unseal(sealed, _PURPOSE).decode().split()
    except (SdmpError, UserError, binascii.Error):
        return []


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the owner's name and password, and make the account."""
    if not setup.check_token(token):
        return render(request, "welcome/closed.html", status=410)
    form = OwnerForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "welcome/name.html", {"form": form, "step": 1}, status=status)
    data = form.cleaned_data
    try:
        enrolment = enrol_owner(
            token, username=data["username"], name=data["name"], password=data["password"]
        )
    except UserError as refusal:
        form.add_error(None, str(refusal))
        return render(request, "welcome/name.html", {"form": form, "step": 1}, status=422)
    login(request, enrolment.account, "allauth.account.auth_backends.AuthenticationBackend")
    response = redirect("mail:welcome_words")
    _keep(response, request, enrolment.phrase)
    return response


@login_required
@never_cache
@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """Show the recovery phrase."""
    kept = _kept(request)
    if not kept:
        return redirect("mail:welcome_readers")
    return render(request, "welcome/words.html", {"words": kept, "step": 2})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Ask two words back; the same two until they are right."""
    kept = _kept(request)
    if not kept:
        return redirect("mail:welcome_readers")
    asked = request.session.get("asked_words")
    if not asked:
        asked = sorted(secrets.SystemRandom().sample(range(len(kept)), _ASKED))
        request.session["asked_words"] = asked
    form = WordsForm(kept, asked, *([request.POST] if request.method == "POST" else []))
    if form.is_valid():
        request.session.pop("asked_words", None)
        response = redirect("mail:welcome_readers")
        response.delete_cookie(_COOKIE, path=_PATH, samesite="Strict")
        return response
    status = 422 if form.is_bound else 200
    return render(request, "welcome/check.html", {"form": form, "step": 2}, status=status)


@login_required
@require_safe
def readers(request: HttpRequest) -> HttpResponse:
    """Say who can read the new account's mail."""
    return render(request, "welcome/readers.html", {"step": 3})


@login_required
@never_cache
@require_safe
def recovery_file(request: HttpRequest) -> HttpResponse:
    """Offer the recovery kit, which opens only with the phrase."""
    account = reader(request)
    if not account.recovery_kit:
        raise Http404
    response = HttpResponse(account.recovery_kit, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="recovery-{account.username}.json"'
    return response
