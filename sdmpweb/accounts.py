"""How django-allauth behaves on a node: accounts come by invitation, secrets are kept sealed."""

import base64
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.returning import sign_in_leads_to
from mail.selectors import node_name
from nodes import bounds
from nodes.counts import count
from nodes.models import Account

_log = structlog.get_logger(__name__)


def too_many(request: HttpRequest) -> HttpResponse:
    """Turn away who asks for the pages of signing in too often."""
    bounds.reached(bounds.SIGN_INS)
    return render(request, "429.html", status=429)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("This name and this password do not belong together."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many attempts. Try again in some minutes."),
        "rate_limited": _("Too many attempts. Try again in some minutes."),
    }

    def validation_error(self, code: str, *arguments: Any) -> ValidationError:
        """Give the sentence for an error; that somebody tries too often is counted."""
        if code in ("too_many_login_attempts", "rate_limited"):
            bounds.reached(bounds.SIGN_INS)
        error: ValidationError = super().validation_error(code, *arguments)
        return error

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note that somebody could not sign in; who it was meant to be is not logged."""
        count("sign_ins", "failed")
        _log.info("sign-in failed", address=self.get_client_ip(request))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: accounts are made by the owner or by an invitation."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Tell whether somebody may be sent to `url`; what is no address at all is none."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # such as http://[
            return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead to confirming the node's key whose account stands still without, after a restore."""
        account = request.user
        confirm = sign_in_leads_to(account) if isinstance(account, Account) else ""
        return confirm or str(super().get_login_redirect_url(request))

    def get_reauthentication_methods(self, user: Account) -> list[dict[str, str]]:
        """Name the ways to show that it is oneself in the words of these pages."""
        words = {
            "reauthenticate": gettext("Use the password"),
            "mfa_reauthenticate": gettext("Use the app or a spare code"),
            "mfa_reauthenticate:webauthn": gettext("Use a passkey"),
        }
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        return [
            {**method, "description": words.get(method["id"], method["description"])}
            for method in methods
        ]


def _sealing() -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"sdmpweb second factors")
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals the secrets of second factors, so that a copy of the database holds none of use."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not the right number."),
        "cannot_generate_recovery_codes": _(
            "Spare codes are for those who have an authenticator app or a passkey."
        ),
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return _sealing().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret that `encrypt` sealed."""
        return _sealing().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Name this node, so that an authenticator app tells it from others."""
        return node_name() or "sdmpweb"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Name this node to whoever keeps the passkey."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": node_name() or entity["name"]}

    def generate_authenticator_name(self, user: Account, type: str) -> str:  # noqa: A002
        """Call a new passkey by its number among the account's."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": count + 1}
