"""The first five minutes: the node checks itself, the account, the phrase, readers, Echo.

Until two words of the phrase have been asked back, the phrase is kept nowhere here: the browser
holds it in a cookie, sealed with the node secret, which each page of these steps renews.
"""

import binascii
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.enrol import Enrolment, enrol_owner
from journal.recover import recover_owner
from mail import checklist, echo, selectors, selfcheck
from mail.forms_welcome import AccountForm, RecoverForm, WordsForm
from mail.recovery import note_checked
from mail.views import reader
from nodes import keystore, setup
from nodes.errors import UserError
from nodes.models import Account
from sdmp.encoding import b64, unb64
from sdmp.errors import SdmpError

_COOKIE = "phrase"
_PURPOSE = "recovery phrase until it is written down"
_PATH = "/welcome/"
_SECONDS = 12 * 3600
_ASKED = 2
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

_STEPS = (
    ("check", _("Check of this node")),
    ("name", _("Name and password")),
    ("words", _("Recovery phrase")),
    ("readers", _("Who can read")),
    ("first", _("First message")),
    ("invite", _("Invite someone")),
)
_OF_THE_OWNER = ("check",)


def show_step(
    request: HttpRequest,
    template: str,
    step: str,
    context: dict[str, Any] | None = None,
    *,
    guest: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Show a page of the first five minutes, with its place among the steps.

    Args:
        request: of the page.
        template: a page that extends `welcome/step.html`.
        step: check, name, words, readers, first or invite.
        context: what the page shows beside the steps.
        guest: whether somebody without an account yet comes by invitation, not as the owner.
        status: of the answer.
    """
    user = request.user
    owner = user.is_superuser if isinstance(user, Account) else not guest
    listed = [item for item in _STEPS if owner or item[0] not in _OF_THE_OWNER]
    here = [slug for slug, _name in listed].index(step)
    steps = [
        {"name": name, "state": "done" if place < here else "here" if place == here else ""}
        for place, (_slug, name) in enumerate(listed)
    ]
    return render(request, template, {**(context or {}), "steps": steps}, status=status)


def start_with(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    """Sign in to an account just made, and go on to its recovery phrase.

    For the owner's account and for those made by invitation.
    """
    _note_language(enrolment.account)
    login(request, enrolment.account, _BACKEND)
    echo.greet_if_possible(enrolment.account)
    response = redirect("mail:welcome_words")
    _keep(response, request, enrolment.phrase)
    return response


def _note_language(account: Account) -> None:
    """Keep the language of the browser, so that Echo and what is told later speak it too.

    The node's own is not kept: it is what is spoken anyway, and goes on following the browser.
    """
    here = get_language() or settings.LANGUAGE_CODE
    if not account.language and here != settings.LANGUAGE_CODE:
        account.language = here
        account.save(update_fields=["language"])


def start_recovered(request: HttpRequest, account: Account) -> HttpResponse:
    """Sign in to an account made from a recovery file, and go on to its older mail."""
    _note_language(account)
    login(request, account, _BACKEND)
    echo.greet_if_possible(account)
    return redirect("mail:old_mail")


def recover_page(
    request: HttpRequest,
    make: Callable[[dict[str, Any]], Account],
    *,
    back: str,
    guest: bool = False,
) -> HttpResponse:
    """Ask for a recovery file, its words, a name and a password, and make the account.

    Args:
        request: of the page.
        make: makes the account of what the form holds: file, words, name, password.
        back: address of the page that asks for a name and a password alone.
        guest: whether somebody comes by invitation, not as the owner.
    """
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = RecoverForm(*given)
    if form.is_valid():
        try:
            return start_recovered(request, make(form.cleaned_data))
        except UserError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "back": back}
    status = 422 if form.is_bound else 200
    return show_step(request, "welcome/recover.html", "name", context, guest=guest, status=status)


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


def _keep_on(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Renew the cookie, so that the words outlast a long look at them."""
    if kept := _kept(request):
        _keep(response, request, " ".join(kept))
    return response


@never_cache
@require_safe
def begin(request: HttpRequest, token: str) -> HttpResponse:
    """Check the node and say what is to be done."""
    if not setup.check_token(token):
        return render(request, "welcome/closed.html", status=410)
    findings = selfcheck.examine()
    context = {"findings": findings, "worst": selfcheck.worst(findings), "token": token}
    return show_step(request, "welcome/node.html", "check", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the owner's name and password, and make the account."""
    if not setup.check_token(token):
        return render(request, "welcome/closed.html", status=410)
    form = AccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = enrol_owner(token, name=data["name"], password=data["password"])
            return start_with(request, made)
        except UserError as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "token": token}
    status = 422 if form.is_bound else 200
    return show_step(request, "welcome/name.html", "name", context, status=status)


@never_cache
@sensitive_post_parameters("password", "words")
@require_http_methods(["GET", "HEAD", "POST"])
def recover(request: HttpRequest, token: str) -> HttpResponse:
    """Make the owner's account from a recovery file."""
    if not setup.check_token(token):
        return render(request, "welcome/closed.html", status=410)

    def make(data: dict[str, Any]) -> Account:
        return recover_owner(
            token,
            kit=data["file"],
            phrase=data["words"],
            name=data["name"],
            password=data["password"],
        )

    return recover_page(request, make, back="../name/")


@login_required
@never_cache
@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """Show the recovery phrase, or say what is left to do when it is gone from the browser."""
    kept = _kept(request)
    if not kept:
        return _without_words(request)
    response = show_step(request, "welcome/words.html", "words", {"words": kept})
    return _keep_on(response, request)


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Ask two words back; the same two until they are right."""
    kept = _kept(request)
    if not kept:
        return _without_words(request)
    asked = request.session.get("asked_words")
    if not asked:
        asked = sorted(secrets.SystemRandom().sample(range(len(kept)), _ASKED))
        request.session["asked_words"] = asked
    form = WordsForm(kept, asked, *([request.POST] if request.method == "POST" else []))
    if form.is_valid():
        request.session.pop("asked_words", None)
        note_checked(reader(request), timezone.now())
        response = redirect("mail:welcome_readers")
        response.delete_cookie(_COOKIE, path=_PATH, samesite="Strict")
        return response
    status = 422 if form.is_bound else 200
    page = show_step(request, "welcome/check.html", "words", {"form": form}, status=status)
    return _keep_on(page, request)


def _without_words(request: HttpRequest) -> HttpResponse:
    if reader(request).backup_checked is not None:
        return redirect("mail:welcome_readers")
    return show_step(request, "welcome/gone.html", "words")


@login_required
@never_cache
@require_safe
def readers(request: HttpRequest) -> HttpResponse:
    """Say who can read the new account's mail."""
    return _keep_on(show_step(request, "welcome/readers.html", "readers"), request)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest) -> HttpResponse:
    """Send a first message to Echo, and show how it goes on."""
    refusal = ""
    if request.method == "POST":
        try:
            echo.say_hello(reader(request))
            return redirect("mail:welcome_first")
        except UserError as error:
            refusal = str(error)
    context = {**_first(request), "refusal": refusal}
    status = 422 if refusal else 200
    page = show_step(request, "welcome/first.html", "first", context, status=status)
    return _keep_on(page, request)


@login_required
@never_cache
@require_safe
def first_letters(request: HttpRequest) -> HttpResponse:
    """Give the part of that page that changes by itself."""
    return render(request, "welcome/_first.html", _first(request))


def _first(request: HttpRequest) -> dict[str, Any]:
    account = reader(request)
    thread = echo.thread_with(account)
    letters = selectors.conversation(account, thread) if thread else []
    return {
        "letters": letters,
        "answered": any(not letter.author.own for letter in letters),
        "thread": thread,
    }


@login_required
@never_cache
@require_safe
def invite(request: HttpRequest) -> HttpResponse:
    """Say how others come, and end the first five minutes."""
    return _keep_on(show_step(request, "welcome/invite.html", "invite"), request)


@login_required
@require_POST
def put_away(request: HttpRequest) -> HttpResponse:
    """Hide the list of what is still to be done."""
    checklist.hide(reader(request))
    return redirect("mail:folder", "inbox")
