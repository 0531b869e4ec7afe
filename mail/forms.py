"""What people fill in. Checks of form only: what is allowed is decided further down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nodes.models import Account
from sdmp import limits
from sdmp.card import CARD_BYTES

TITLE_LENGTH = 300
ATTACHMENTS_BYTES = limits.MESSAGE_BYTES * 3 // 4 - 64 * limits.KIB
"""Bytes of all files together: base64 makes four of three, and the text wants some room."""


class _Files(forms.ClearableFileInput):
    """A field for any number of files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, as a list."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Check each file and return the list."""
        one = super().clean
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [one(item, initial) for item in given]


class WriteForm(forms.Form):
    """A letter or notice as it comes from the page.

    `to` (fingerprints) and `names` are read by the view, which knows the account's contacts.
    """

    title = forms.CharField(max_length=TITLE_LENGTH, required=False, strip=True)
    body = forms.CharField(required=False, strip=False)
    reply = forms.CharField(max_length=200, required=False)
    forward = forms.CharField(max_length=40, required=False)
    attachments = FilesField(required=False, allow_empty_file=True)

    def clean_body(self) -> str:
        """Give lines the ends that the protocol's text has."""
        text: str = self.cleaned_data["body"]
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def clean_attachments(self) -> Sequence[UploadedFile[bytes]]:
        """Refuse more than fits into one message."""
        files: Sequence[UploadedFile[bytes]] = self.cleaned_data["attachments"]
        if sum(file.size or 0 for file in files) > ATTACHMENTS_BYTES:
            raise forms.ValidationError(gettext("Together the files are too large to send."))
        return files

    def clean(self) -> dict[str, Any]:
        """Refuse a letter that says nothing."""
        data = super().clean() or {}
        given = (data.get("title"), data.get("attachments"), data.get("forward"))
        says_something = data.get("body", "").strip() or any(given)
        if not says_something and "attachments" not in self.errors:
            self.add_error("body", gettext("There is nothing in this message yet."))
        return data


class CardForm(forms.Form):
    """Somebody's card, as a file or pasted."""

    file = forms.FileField(required=False)
    card = forms.CharField(required=False, strip=True)

    def clean(self) -> dict[str, Any]:
        """Bring either into `data`, as bytes."""
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("card", "")
        if not file and not text:
            raise forms.ValidationError(gettext("Choose a card file, or paste a card."))
        if (file.size if file else len(text)) > CARD_BYTES:
            raise forms.ValidationError(gettext("This is too large for a card."))
        cleaned["data"] = file.read() if file else text.encode()
        return cleaned


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", **attributes})


class OwnerForm(forms.Form):
    """The owner's name and how he signs in."""

    name = forms.CharField(
        label=_("Your name"),
        help_text=_("As your contacts see it."),
        max_length=200,
        widget=_text(autocomplete="name"),
    )
    username = forms.CharField(
        label=_("Name to sign in with"),
        help_text=_("Small letters, digits, points and hyphens; only you and this node see it."),
        max_length=64,
        validators=[
            RegexValidator(
                r"\A[a-z0-9][a-z0-9._-]*\Z",
                _("Only small letters, digits, points, hyphens and underscores."),
            )
        ],
        widget=_text(autocomplete="username", autocapitalize="none", spellcheck="false"),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least eight characters. It opens these pages and nothing else."),
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        """Refuse a name that is taken."""
        username: str = self.cleaned_data["username"]
        if Account.objects.filter(username=username).exists():
            raise forms.ValidationError(gettext("Somebody here signs in with this name already."))
        return username

    def clean(self) -> dict[str, Any]:
        """Check the password beside the names it must not resemble."""
        data = super().clean() or {}
        if "password" in data:
            account = Account(username=data.get("username", ""), name=data.get("name", ""))
            try:
                password_validation.validate_password(data["password"], account)
            except forms.ValidationError as error:
                self.add_error("password", error)
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
