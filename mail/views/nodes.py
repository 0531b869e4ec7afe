"""The nodes of an account: the list, one of them, letting in, narrowing, withdrawing."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from journal.user_key import open_user_key
from mail import held, own_nodes
from mail.forms_nodes import OfferForm, PhraseForm, PowersForm
from mail.models import Held
from mail.own_nodes import OwnNode
from mail.presentation import node_words
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError
from nodes.models import Account
from sdmp.card import Offer
from sdmp.fingerprints import compare_digits
from sdmp.keys import PrivateKey


def _list(account: Account, now: datetime) -> dict[str, Any]:
    return {"here": "nodes", "nodes": own_nodes.own_nodes(account, now), "account": account}


def _detail(account: Account, node: OwnNode) -> dict[str, Any]:
    return {"node": node, "digits": compare_digits(str(account.fingerprint), node.fingerprint)}


def _find(account: Account, fingerprint: str, now: datetime) -> OwnNode:
    found = own_nodes.own_node(account, fingerprint, now)
    if found is None:
        raise Http404
    return found


def _key(account: Account, form: PhraseForm) -> PrivateKey | None:
    """Open the user's key when words were typed."""
    phrase: str = form.cleaned_data["phrase"]
    if not phrase.strip():
        return None
    return open_user_key(account, phrase, form.cleaned_data["recovery"])


@login_required
@never_cache
@require_safe
def node_list(request: HttpRequest) -> HttpResponse:
    """Show the list, and beside it this very node."""
    account, now = reader(request), timezone.now()
    context = _list(account, now)
    first = context["nodes"][:1]
    if first:
        context |= _detail(account, first[0])
    return render(request, "mail/nodes.html", context | {"listing": True})


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Show the list's rows alone, after something has changed."""
    context = _list(reader(request), timezone.now())
    context["chosen"] = request.GET.get("chosen", "")
    return render(request, "mail/nodes_rows.html", context)


@login_required
@never_cache
@require_safe
def node(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show one node beside the list."""
    account, now = reader(request), timezone.now()
    context = _list(account, now) | _detail(account, _find(account, fingerprint, now))
    return render(request, "mail/nodes.html", context)


@login_required
@never_cache
@require_safe
def detail(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show what stands beside the list again, after something has changed."""
    account = reader(request)
    found = _find(account, fingerprint, timezone.now())
    return render(request, "mail/nodes_detail.html", _detail(account, found))


@login_required
@never_cache
@require_safe
def offer(request: HttpRequest) -> HttpResponse:
    """Hand out this node's offer, for somebody who has an account elsewhere."""
    response = HttpResponse(own_nodes.own_offer(), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="node-offer.json"'
    return response


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("phrase")
def add(request: HttpRequest) -> HttpResponse:
    """Take an offer, show which node it is of, then let that node in."""
    account, now = reader(request), timezone.now()
    context = _list(account, now) | {"adding": True}
    if request.method != "POST":
        return render(request, "mail/nodes_add.html", context | {"form": OfferForm()})
    form = OfferForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "mail/nodes_add.html", context | {"form": form}, status=422)
    try:
        offered = own_nodes.describe_offer(form.cleaned_data["data"])
        own_nodes.check_new(account, offered.key.fingerprint, now)
    except UserError as refusal:
        form.add_error(None, str(refusal))
        return render(request, "mail/nodes_add.html", context | {"form": form}, status=422)
    context |= _offered(account, offered, form.cleaned_data["data"])
    if request.POST.get("do") != "add":
        return render(request, "mail/nodes_add.html", context | {"powers": PowersForm()})
    powers = PowersForm(request.POST, request.FILES)
    node = offered.key.fingerprint
    if not _let_in(account, node, powers, now, offered):
        context |= {"powers": powers}
        return render(request, "mail/nodes_add.html", context, status=422)
    toast(request, gettext("The node is let in. It begins when it has agreed."))
    return redirect("mail:node", node)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("phrase")
def change(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Let a node do more or less, or for another time."""
    account, now = reader(request), timezone.now()
    found = _find(account, fingerprint, now)
    context = _list(account, now) | _detail(account, found)
    if request.method != "POST":
        day = found.until.astimezone(timezone.get_current_timezone()).date() if found.until else ""
        form = PowersForm(initial={"powers": sorted(found.powers), "until": day})
        return render(request, "mail/nodes_change.html", context | {"powers": form})
    form = PowersForm(request.POST, request.FILES)
    if not _let_in(account, fingerprint, form, now):
        return render(request, "mail/nodes_change.html", context | {"powers": form}, status=422)
    sentence = gettext("What %(name)s may do for you is changed.")
    name = gettext("this node") if found.here else node_words(found.name)
    toast(request, sentence % {"name": name})
    return redirect("mail:node", fingerprint)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("phrase")
def withdraw(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Withdraw a node: in a moment that can be undone, or with the recovery phrase at once."""
    account, now = reader(request), timezone.now()
    found = _find(account, fingerprint, now)
    context = _list(account, now) | _detail(account, found)
    needs = own_nodes.takes_phrase_to_withdraw(account, fingerprint, now)
    if request.method != "POST":
        context |= {"form": PhraseForm(), "needs_phrase": needs}
        return render(request, "mail/nodes_withdraw.html", context)
    form = PhraseForm(request.POST, request.FILES)
    try:
        if form.is_valid():
            key = _key(account, form)
            if key is None and not needs:
                own_nodes.check_withdrawable(found)
                held.hold(account, Held.Kind.NODE, fingerprint, now=now)
            else:
                own_nodes.withdraw(account, fingerprint, now=now, key=key)
                sentence = gettext("The node %(name)s is withdrawn.")
                toast(request, sentence % {"name": node_words(found.name)})
            return redirect("mail:nodes")
    except UserError as refusal:
        form.add_error(None, str(refusal))
    context |= {"form": form, "needs_phrase": needs}
    return render(request, "mail/nodes_withdraw.html", context, status=422)


def _offered(account: Account, offered: Offer, data: bytes) -> dict[str, Any]:
    own, node = str(account.fingerprint), offered.key.fingerprint
    return {"offered": offered, "offer": data.decode(), "digits": compare_digits(own, node)}


def _let_in(
    account: Account, node: str, form: PowersForm, now: datetime, offered: Offer | None = None
) -> bool:
    """Let a node do what the form says; false when the form now says why not."""
    if not form.is_valid():
        return False
    try:
        own_nodes.let_in(
            account,
            node,
            form.cleaned_data["powers"],
            until=form.cleaned_data["until"],
            now=now,
            key=_key(account, form),
            offer=offered,
        )
    except UserError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
