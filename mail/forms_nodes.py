"""What people fill in about their nodes and about what ends. Checks of form only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.forms_welcome import read_kit
from sdmp.card import OFFER_BYTES
from sdmp.trust import CREATE_TRUST, PUBLISH_RESOURCE, READ_ENCRYPTED, REVOKE

PHRASE_LENGTH: Final = 400

POWERS: Final = (
    (READ_ENCRYPTED, _("Read your messages")),
    (PUBLISH_RESOURCE, _("Send for you: messages, notices, receipts")),
    (CREATE_TRUST, _("Make contacts, and let in other nodes")),
    (REVOKE, _("Take back what you published elsewhere")),
)


class OfferForm(forms.Form):
    """A node's offer, as a file or pasted."""

    file = forms.FileField(required=False)
    offer = forms.CharField(required=False, strip=True)

    def clean(self) -> dict[str, Any]:
        """Bring either into `data`, as bytes."""
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("offer", "")
        if not file and not text:
            raise forms.ValidationError(gettext("Choose an offer’s file, or paste an offer."))
        if (file.size if file else len(text)) > OFFER_BYTES:
            raise forms.ValidationError(gettext("This is too large for an offer."))
        cleaned["data"] = file.read() if file else text.encode()
        return cleaned


class PhraseForm(forms.Form):
    """The recovery phrase, and the recovery file where the node keeps no copy of it."""

    phrase = forms.CharField(required=False, max_length=PHRASE_LENGTH)
    kit = forms.FileField(required=False)

    def clean(self) -> dict[str, Any]:
        """Bring the file into `recovery`, as bytes; empty when there is none."""
        cleaned = super().clean() or {}
        cleaned["recovery"] = read_kit(cleaned.get("kit")) or b""
        return cleaned


class PowersForm(PhraseForm):
    """What a node may do, and until when."""

    powers = forms.MultipleChoiceField(choices=POWERS, required=False)
    until = forms.DateField(required=False, error_messages={"invalid": _("This is not a date.")})

    def clean_until(self) -> datetime | None:
        """Take the end of the day, where the reader is."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        end = datetime.combine(day, time(23, 59), timezone.get_current_timezone())
        if end <= timezone.now():
            raise forms.ValidationError(gettext("That day is over."))
        return end

    @property
    def choices(self) -> Sequence[tuple[str, str, bool]]:
        """List the powers: value, words, and whether it is chosen."""
        chosen = self["powers"].value() or []
        return [(value, str(words), value in chosen) for value, words in POWERS]
