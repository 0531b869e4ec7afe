"""What people fill in. Checks of form only: what is allowed is decided further down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext

from mail.draft_files import BYTES_PER_DRAFT, too_large

TITLE_LENGTH = 300
ATTACHMENTS_BYTES = BYTES_PER_DRAFT


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

    def __init__(self, *args: Any, with_files: bool = False, **kwargs: Any) -> None:
        """Take `with_files`: whether the letter has files already, beside those of the form."""
        super().__init__(*args, **kwargs)
        self._with_files = with_files

    def text_of_body(self) -> str:
        """Return the text with the line ends of the protocol, whether or not it can be sent."""
        text = str(self.data.get("body") or "").replace("\0", "")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def clean_body(self) -> str:
        """Give lines the ends that the protocol's text has."""
        return self.text_of_body()

    def clean_attachments(self) -> Sequence[UploadedFile[bytes]]:
        """Refuse more than fits into one message, naming the file that is too much."""
        files: Sequence[UploadedFile[bytes]] = self.cleaned_data["attachments"]
        there = 0
        for file in files:
            there += file.size or 0
            if there > BYTES_PER_DRAFT:
                raise forms.ValidationError(too_large(file.name or "", file.size or 0))
        return files

    def clean(self) -> dict[str, Any]:
        """Refuse a letter that says nothing."""
        data = super().clean() or {}
        given = (data.get("title"), data.get("attachments"), data.get("forward"), self._with_files)
        says_something = data.get("body", "").strip() or any(given)
        if not says_something and "attachments" not in self.errors:
            self.add_error("body", gettext("There is nothing in this message yet."))
        return data
