"""What ends: the list of it, renewing, and putting a reminder aside."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal.user_key import open_user_key
from mail import expiry
from mail.forms_nodes import PhraseForm
from mail.toasts import toast
from mail.views import reader
from mail.views.back import came_from
from nodes.errors import UserError


@login_required
@never_cache
@require_safe
def endings(request: HttpRequest) -> HttpResponse:
    """List all that ends soon or has ended lately."""
    listed = expiry.endings(reader(request), timezone.now())
    return render(request, "mail/_expiry_page.html", {"here": "nodes", "endings": listed})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("phrase")
def renew(request: HttpRequest, kind: str, fingerprint: str) -> HttpResponse:
    """Renew one thing: at once where this node may, else with the recovery phrase."""
    account, now = reader(request), timezone.now()
    ending = expiry.find(account, kind, fingerprint, now)
    if ending is None:
        raise Http404
    form = PhraseForm(request.POST, request.FILES) if request.method == "POST" else PhraseForm()
    if form.is_bound and form.is_valid():
        try:
            phrase = form.cleaned_data["phrase"]
            needed = ending.phrase or phrase.strip()
            key = open_user_key(account, phrase, form.cleaned_data["recovery"]) if needed else None
            toast(request, expiry.renew(account, ending, now=now, key=key))
            return HttpResponseRedirect(_back(request))
        except UserError as refusal:
            form.add_error(None, str(refusal))
    until = expiry.renewed_until(ending, now)
    context = {
        "here": "nodes" if ending.kind == "node" else "",
        "account": account,
        "ending": ending,
        "until": until,
        "form": form,
        "back": _back(request),
    }
    return render(request, "mail/_expiry_renew.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def put_aside(request: HttpRequest) -> HttpResponse:
    """Say no more about an ending until fewer days are left."""
    expiry.put_aside(reader(request), request.POST.get("about", "")[:200], timezone.now())
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Return the page from which the reader came to renew, the inbox when it is not one of ours."""
    address = came_from(request, request.POST.get("back", ""))
    return reverse("mail:folder", args=["inbox"]) if "/renew/" in address else address
