"""Going back to where the reader came from."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def came_from(request: HttpRequest, said: str = "") -> str:
    """Return the page from which the reader came, the inbox when it is not one of ours.

    Args:
        request: by which the reader left it.
        said: where the form says that it was; what the browser says when empty.
    """
    address = said or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return address
    return reverse("mail:folder", args=["inbox"])
