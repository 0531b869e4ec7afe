"""How django-allauth behaves on a node: accounts come by invitation, secrets are kept sealed."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: accounts are made by the owner or by an invitation."""
        return False


def _sealing() -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"sdmpweb second factors")
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals the secrets of second factors, so that a copy of the database holds none of use."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return _sealing().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret that `encrypt` sealed."""
        return _sealing().decrypt(encrypted_text.encode()).decode()
