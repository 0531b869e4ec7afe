"""The pages: each view is a form, a call and a template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from nodes.bounds import Bound, network, within
from nodes.models import Account


def reader(request: HttpRequest) -> Account:
    """Return the account that is signed in; for views that need one."""
    assert isinstance(request.user, Account)
    return request.user


def from_address(request: HttpRequest, bound: Bound) -> bool:
    """Count what the caller's address asks for; false when that is too much."""
    return within(bound, network(request.META.get("REMOTE_ADDR", "")))


def too_many(request: HttpRequest) -> HttpResponse:
    """Say to wait: a page to a browser, the status alone to a node."""
    if "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(status=429)
    return render(request, "429.html", status=429)
