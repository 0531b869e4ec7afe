"""What people fill in on their first visit and to recover an account. Checks of form only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib.auth import password_validation
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nodes.models import Account
from nodes.usernames import derive_username
from sdmp import limits
from sdmp.card import CARD_BYTES

KIT_BYTES: Final = 64 * 1024
PICTURE_BYTES: Final = 8 * limits.MIB


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", **attributes})


def _password(autocomplete: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"class": "input", "autocomplete": autocomplete})


class AccountForm(forms.Form):
    """A name and a password; the name to sign in with is made from the name."""

    name = forms.CharField(
        label=_("Your name"),
        help_text=_("As your contacts see it."),
        max_length=200,
        widget=_text(autocomplete="name"),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least eight characters. It opens these pages and nothing else."),
        strip=False,
        widget=_password("new-password"),
    )

    def clean(self) -> dict[str, Any]:
        """Check the password beside the names it must not resemble."""
        data = super().clean() or {}
        if "password" in data:
            name = data.get("name", "")
            account = Account(username=derive_username(name), name=name)
            try:
                password_validation.validate_password(data["password"], account)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class PhraseField(forms.CharField):
    """The twelve words, as they stand on the paper."""

    widget = forms.Textarea

    def __init__(self) -> None:
        """Make the field; what is typed into it is never shown again."""
        super().__init__(
            label=_("Recovery phrase"),
            help_text=_("The twelve words in their order. Capital letters do not matter."),
            max_length=400,
        )
        self.widget.attrs.update(
            {
                "class": "input input--words",
                "rows": "3",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        )

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show nothing of what was typed: the page does not carry the words back."""
        return ""


def _kit_field(*, required: bool, help_text: Any = "") -> forms.FileField:
    return forms.FileField(
        label=_("Recovery file"),
        help_text=help_text,
        required=required,
        widget=forms.ClearableFileInput(attrs={"class": "input input--file"}),
    )


def read_kit(file: UploadedFile[bytes] | None) -> bytes | None:
    """Read a recovery file that came along, if one did.

    Raises:
        ValidationError: it is too large to be one.
    """
    if not file:
        return None
    if (file.size or 0) > KIT_BYTES:
        raise forms.ValidationError(gettext("This is too large for a recovery file."))
    return bytes(file.read())


class _KitForm(forms.Form):
    """A form with a recovery file."""

    def clean_file(self) -> bytes | None:
        """Read the file, unless it is too large to be one."""
        return read_kit(self.cleaned_data.get("file"))


class RecoverForm(_KitForm, AccountForm):
    """A recovery file and its words, with which an account is made here."""

    file = _kit_field(required=True, help_text=_("Its name begins with “recovery”."))
    words = PhraseField()
    field_order = ("file", "words", "name", "password")


class TestForm(_KitForm):
    """A recovery file, or the copy kept here, and its words."""

    __test__ = False

    file = _kit_field(required=False)
    words = PhraseField()

    def __init__(self, *args: Any, kept: bool) -> None:
        """Ask for a file too, needed where no copy is `kept` here."""
        super().__init__(*args)
        self.kept = kept
        self.fields["file"].help_text = (
            gettext("Leave this empty to test the copy that this node keeps.") if kept else ""
        )

    def clean(self) -> dict[str, Any]:
        """Ask for the file where there is no copy."""
        data = super().clean() or {}
        if not self.kept and not data.get("file") and "file" not in self.errors:
            self.add_error("file", gettext("Choose the recovery file; this node keeps no copy."))
        return data


class WhereForm(forms.Form):
    """Who has mail of a recovered account: a link, or a card as file or text."""

    place = forms.CharField(
        label=_("Link or card"),
        help_text=_("A link begins with https:// and has /card/ in it."),
        required=False,
        max_length=CARD_BYTES,
        widget=_text(autocomplete="off", autocapitalize="none", spellcheck="false"),
    )
    file = forms.FileField(
        label=_("Card file"),
        help_text=_("Or a picture of the QR code."),
        required=False,
        widget=forms.ClearableFileInput(attrs={"class": "input input--file"}),
    )

    def clean_file(self) -> bytes | None:
        """Read the file, unless it is too large even for a picture."""
        file = self.cleaned_data.get("file")
        if not file:
            return None
        if file.size > PICTURE_BYTES:
            raise forms.ValidationError(gettext("This is too large for a card or a picture."))
        return bytes(file.read())

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        data = super().clean() or {}
        if not data.get("place", "").strip() and not data.get("file") and not self.errors:
            raise forms.ValidationError(gettext("Paste a link or a card, or choose a file."))
        return data


class WordsForm(forms.Form):
    """Two words of the recovery phrase, asked back."""

    def __init__(self, words: Sequence[str], asked: Sequence[int], *args: Any) -> None:
        """Ask for the words at the places `asked`, counted from 0, of the phrase `words`."""
        super().__init__(*args)
        self.words = words
        for place in asked:
            self.fields[f"word{place}"] = forms.CharField(
                label=gettext("Word %(number)d") % {"number": place + 1},
                max_length=40,
                widget=_text(autocomplete="off", autocapitalize="none", spellcheck="false"),
            )

    def clean(self) -> dict[str, Any]:
        """Compare with the phrase."""
        data = super().clean() or {}
        for field, given in list(data.items()):
            place = int(field.removeprefix("word"))
            if given.lower() != self.words[place]:
                sentence = gettext("This is not word %(number)d. Look at the paper again.")
                self.add_error(field, sentence % {"number": place + 1})
        return data
