"""What pages may use of a browser."""

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/login/", "/nothing/here/"])
def test_the_camera_and_passkeys_and_nothing_more(path: str) -> None:
    policy = Client().get(path).headers["Permissions-Policy"]
    assert "camera=(self)" in policy
    assert "publickey-credentials-get=(self)" in policy
    assert "geolocation=()" in policy
    assert "microphone=()" in policy
    assert "*" not in policy
