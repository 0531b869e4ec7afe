"""The pages: each view is a form, a call and a template."""

from django.http import HttpRequest

from nodes.models import Account


def reader(request: HttpRequest) -> Account:
    """Return the account that is signed in; for views that need one."""
    assert isinstance(request.user, Account)
    return request.user
