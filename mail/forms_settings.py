"""What people choose for themselves. Checks of form only; the rules are further down."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.profile import ABOUT_LENGTH, NAME_LENGTH
from nodes.models import Account

UNDO_SECONDS: Final = (0, 5, 10, 20, 30)


def zones() -> list[str]:
    """List the time zones that people know by a place, in order of their names."""
    return sorted(name for name in available_timezones() if "/" in name and name[:4] != "Etc/")


def _undo_words(seconds: int) -> str:
    if not seconds:
        return gettext("No time: at once")
    return gettext("%(seconds)d seconds") % {"seconds": seconds}


class ProfileForm(forms.Form):
    """What others see of an account."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("As your contacts see it, wherever they are."),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
    )
    about = forms.CharField(
        label=_("About"),
        help_text=_("A few lines about yourself, if you like. All your contacts can read them."),
        max_length=ABOUT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"class": "input input--lines", "rows": 4}),
    )


class ReadingForm(forms.ModelForm):  # type: ignore[type-arg]
    """Language, time, appearance, and the time to undo."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    timezone = forms.CharField(
        label=_("Time zone"),
        help_text=_("Type a few letters of a place, such as Lisbon."),
        required=False,
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "list": "zones",
                "data-zone": "",
                "autocomplete": "off",
                "autocapitalize": "words",
                "spellcheck": "false",
            }
        ),
    )
    theme = forms.ChoiceField(label=_("Appearance"), widget=forms.RadioSelect)
    undo_seconds = forms.TypedChoiceField(
        label=_("Time to undo"),
        help_text=_("For so long a message you sent stays here and can be taken back."),
        coerce=int,
    )

    class Meta:
        model = Account
        fields = ("language", "timezone", "theme", "undo_seconds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what there is, in the reader's language."""
        super().__init__(*args, **kwargs)
        languages = [("", gettext("As the browser asks for")), *settings.LANGUAGES]
        self._choose("language", languages)
        self._choose(
            "theme",
            [
                (Account.Theme.SYSTEM.value, gettext("As the system")),
                (Account.Theme.LIGHT.value, gettext("Light")),
                (Account.Theme.DARK.value, gettext("Dark")),
            ],
        )
        self._choose("undo_seconds", [(n, _undo_words(n)) for n in UNDO_SECONDS])
        for name in ("language", "undo_seconds"):
            self.fields[name].widget.attrs["class"] = "input"

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_timezone(self) -> str:
        """Take a zone's name in any case, and with spaces."""
        given = self.cleaned_data["timezone"].strip().replace(" ", "_").casefold()
        if not given:
            return ""
        for name in available_timezones():
            if name.casefold() == given:
                return name
        places = [name for name in zones() if name.casefold().rpartition("/")[2] == given]
        if len(places) == 1:
            return places[0]
        raise forms.ValidationError(gettext("There is no such time zone. Choose one of the list."))


class NotifyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a notification tells."""

    notify = forms.ChoiceField(label=_("What a notification tells"), widget=forms.RadioSelect)
    notify_node = forms.BooleanField(label=_("Tell me when this node needs me"), required=False)

    class Meta:
        model = Account
        fields = ("notify", "notify_node")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what there is, in the reader's language; what the node needs to its owners."""
        super().__init__(*args, **kwargs)
        if not self.instance.is_superuser:
            del self.fields["notify_node"]
        field = self.fields["notify"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (Account.Notify.WHO.value, gettext("Who wrote")),
            (Account.Notify.QUIET.value, gettext("Only that something came")),
            (Account.Notify.NONE.value, gettext("Nothing: no notifications")),
        ]


class LeaveForm(forms.Form):
    """That it is really the account's own person who deletes it, and means it."""

    username = forms.CharField(
        label=_("Name to sign in with"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
    )

    def __init__(self, account: Account, *args: Any) -> None:
        """Ask the person of this account."""
        super().__init__(*args)
        self.account = account
        if not account.has_usable_password():
            del self.fields["password"]

    def clean_username(self) -> str:
        """Compare with the account's own name."""
        given: str = self.cleaned_data["username"]
        if given != self.account.username:
            sentence = gettext("This is not your name. Yours is %(name)s.")
            raise forms.ValidationError(sentence % {"name": self.account.username})
        return given

    def clean_password(self) -> str:
        """Compare with the account's own password."""
        given: str = self.cleaned_data["password"]
        if not self.account.check_password(given):
            raise forms.ValidationError(gettext("This is not your password."))
        return given
