"""Testing the recovery phrase, the copy of the recovery file, and mail that comes back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mail import recovery, selfcheck
from mail.forms_welcome import TestForm, WhereForm
from mail.presentation import clean_name
from mail.views import reader
from nodes.errors import UserError


@login_required
@never_cache
@sensitive_post_parameters("words")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Test the words with the file, and say where the file is."""
    account = reader(request)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = TestForm(*given, kept=bool(account.recovery_kit))
    if form.is_valid():
        data = form.cleaned_data
        try:
            recovery.check_words(account, data["file"], data["words"])
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            # Said on the answer itself: nothing of the words goes into an address or a session.
            form = TestForm(kept=bool(account.recovery_kit))
            return _page(request, form, passed=True, own_file=data["file"] is not None)
    return _page(request, form)


def _page(request: HttpRequest, form: TestForm, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request, "mail/recovery.html", {"form": form, "here": "recovery", **context}, status=status
    )


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


@login_required
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Delete the copy of the recovery file that is kept here."""
    if "sure" not in request.POST:
        messages.error(request, gettext("Tick that you have the file yourself."))
        return redirect("mail:recovery")
    try:
        recovery.forget_kit(reader(request))
        messages.success(request, gettext("The copy kept here is deleted."))
    except UserError as refusal:
        messages.error(request, str(refusal))
    return redirect("mail:recovery")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def old_mail(request: HttpRequest) -> HttpResponse:
    """Ask where older mail may be, and show what came back."""
    account = reader(request)
    if account.recovered is None:
        raise Http404
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    where = WhereForm(*given)
    if where.is_valid():
        data = where.cleaned_data
        try:
            name = clean_name(recovery.ask_at(account, data["place"], data["file"]))
        except UserError as refusal:
            where.add_error(None, str(refusal))
        else:
            words = (
                gettext("The nodes of %(name)s are asked now.") % {"name": name}
                if name
                else gettext("Your other nodes are asked now.")
            )
            messages.success(request, words)
            return redirect("mail:old_mail")
    return _old_mail(request, where, _words_form(request, bound=False))


@login_required
@never_cache
@sensitive_post_parameters("words")
@require_POST
def open_old_mail(request: HttpRequest) -> HttpResponse:
    """Open with the words what came back."""
    account = reader(request)
    if account.recovered is None:
        raise Http404
    form = _words_form(request, bound=True)
    if form.is_valid():
        data = form.cleaned_data
        try:
            count = recovery.open_old_mail(account, data["words"], data.get("file"))
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = ngettext(
                "%(count)d message was opened. What did not open was not meant for you.",
                "%(count)d messages were opened. What did not open was not meant for you.",
                count,
            )
            words = [sentence % {"count": count}]
            if recovery.returning(account).closed:
                words = [gettext("Not all could be opened at once: enter the words once more.")]
            messages.success(request, " ".join(words))
            return redirect("mail:old_mail")
    return _old_mail(request, WhereForm(), form)


@login_required
@never_cache
@require_safe
def old_mail_state(request: HttpRequest) -> HttpResponse:
    """Give the part of that page that changes by itself."""
    account = reader(request)
    if account.recovered is None:
        raise Http404
    return render(request, "mail/_recovery_state.html", {"state": recovery.returning(account)})


def _words_form(request: HttpRequest, *, bound: bool) -> TestForm:
    given = (request.POST, request.FILES) if bound else ()
    form = TestForm(*given, kept=bool(reader(request).recovery_kit))
    if form.kept:
        del form.fields["file"]
    return form


def _old_mail(request: HttpRequest, where: WhereForm, words: TestForm) -> HttpResponse:
    failed = any(form.is_bound and form.errors for form in (where, words))
    context = {
        "state": recovery.returning(reader(request)),
        "where": where,
        "words": words,
        "here": "recovery",
    }
    return render(request, "mail/recovery_mail.html", context, status=422 if failed else 200)


@login_required
@never_cache
@require_safe
def node_check(request: HttpRequest) -> HttpResponse:
    """Show the owner how the node is."""
    if not reader(request).is_superuser:
        raise Http404
    findings = selfcheck.examine()
    context = {"findings": findings, "worst": selfcheck.worst(findings), "here": "selfcheck"}
    return render(request, "mail/selfcheck.html", context)
