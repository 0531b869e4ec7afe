"""Which abilities of a browser the pages may use."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# The camera reads the code of a card; passkeys need the two of `publickey`.
_OURS: Final = ("camera", "publickey-credentials-create", "publickey-credentials-get")
_NOBODYS: Final = (
    "accelerometer", "autoplay", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "screen-wake-lock", "usb", "xr-spatial-tracking",
)  # fmt: skip
_POLICY: Final = ", ".join([*(f"{n}=(self)" for n in _OURS), *(f"{n}=()" for n in _NOBODYS)])


class PermissionsMiddleware:
    """Says so with every answer, by the header `Permissions-Policy`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = _POLICY
        return response
