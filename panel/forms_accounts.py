"""What the owner fills in about accounts. Checks of form only."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.invitations import LIFETIMES
from mail.rights import MOST_QUOTA, Rights, rights_of
from nodes.models import Account

MEGABYTE: Final = 1_000_000


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attributes})


class MakeForm(forms.Form):
    """Who gets an account, and how the person comes in."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("As others see it. With a link, the person may change it."),
        max_length=200,
        widget=_text(),
    )
    way = forms.ChoiceField(choices=[("link", ""), ("password", "")], initial="link")
    lifetime = forms.ChoiceField(
        label=_("The link works for"),
        choices=[("day", _("one day")), ("week", _("one week")), ("month", _("one month"))],
        initial="week",
        required=False,
        widget=forms.Select(attrs={"class": "input"}),
    )
    password = forms.CharField(
        label=_("First password"),
        help_text=_("Only for the second way. The person should change it."),
        max_length=4096,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a password where it is needed."""
        data = super().clean() or {}
        if data.get("way") == "password" and not data.get("password"):
            self.add_error("password", gettext("Give a password, or choose the link."))
        if data.get("lifetime") not in LIFETIMES:
            data["lifetime"] = "week"
        return data


class RightsForm(forms.Form):
    """What an account may do, and how much room it gets."""

    quota = forms.DecimalField(
        label=_("Space in MB"),
        help_text=_("Empty: as much as there is. Nothing that comes is turned away because of it."),
        min_value=0,
        max_value=MOST_QUOTA // MEGABYTE,
        decimal_places=6,
        required=False,
        widget=forms.NumberInput(attrs={"class": "input", "step": "any", "min": "0"}),
    )
    may_invite = forms.BooleanField(label=_("invite people"), required=False)
    may_write_notices = forms.BooleanField(label=_("publish notices"), required=False)
    may_let_in_nodes = forms.BooleanField(label=_("let in other nodes"), required=False)
    owner = forms.BooleanField(label=_("manage this node, as you do"), required=False)

    def __init__(self, account: Account, given: Any = None) -> None:
        """Begin with what the account may do now."""
        now = rights_of(account)
        initial = {name: getattr(now, name) for name in self.base_fields if name != "quota"}
        quota = None if now.quota is None else f"{now.quota / MEGABYTE:.6f}".rstrip("0").rstrip(".")
        super().__init__(given, initial={**initial, "quota": quota})

    @property
    def boxes(self) -> list[forms.BoundField]:
        """The fields that are ticked."""
        return [self[name] for name in self.fields if name != "quota"]

    def rights(self) -> Rights:
        """Give what is wanted."""
        data = dict(self.cleaned_data)
        megabytes = data.pop("quota")
        return Rights(quota=None if megabytes is None else int(megabytes * MEGABYTE), **data)


class LoginLinkForm(forms.Form):
    """What goes with the old password."""

    clears_factors = forms.BooleanField(
        label=_("Remove passkeys and the authenticator app too, when the link is used"),
        required=False,
    )


class DeleteForm(forms.Form):
    """That this account is meant, and no other."""

    username = forms.CharField(
        label=_("Name to sign in with"),
        max_length=150,
        widget=_text(autocapitalize="none"),
    )

    def __init__(self, account: Account, *given: Any) -> None:
        """Ask for the name of this account."""
        super().__init__(*given)
        self.account = account

    def clean_username(self) -> str:
        """Compare with the account's own name."""
        given: str = self.cleaned_data["username"]
        if given != self.account.username:
            raise forms.ValidationError(
                gettext("This is not its name; type %(name)s to delete it.")
                % {"name": self.account.username}
            )
        return given
