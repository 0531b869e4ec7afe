"""What people fill in to invite and to add. Checks of form only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.models import Invitation
from mail.qr import PICTURE_BYTES
from sdmp.card import CARD_BYTES


class InviteForm(forms.Form):
    """What an invitation offers."""

    kind = forms.ChoiceField(choices=Invitation.Kind.choices)
    note = forms.CharField(
        label=_("A word for your guest"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    lifetime = forms.ChoiceField(
        choices=[("day", _("one day")), ("week", _("one week")), ("month", _("one month"))],
        initial="week",
    )
    uses = forms.ChoiceField(
        choices=[("one", _("one person")), ("many", _("everybody who gets the link"))],
        initial="one",
    )
    asking = forms.ChoiceField(
        choices=[("ask", _("Ask me first")), ("at_once", _("Add them at once"))],
        initial="ask",
        required=False,
    )

    def __init__(self, *args: Any, owner: bool, **options: Any) -> None:
        """Offer accounts only to an owner."""
        super().__init__(*args, **options)
        if not owner:
            self.fields["kind"].choices = [  # type: ignore[attr-defined]
                choice for choice in Invitation.Kind.choices if choice[0] == "contact"
            ]
        self.fields["kind"].initial = "contact"


class AddForm(forms.Form):
    """Somebody's card or a link to it: as text, as a file, or as a picture just taken."""

    card = forms.CharField(required=False, strip=True, max_length=CARD_BYTES)
    file = forms.FileField(required=False)
    picture = forms.FileField(required=False)

    def clean(self) -> dict[str, Any]:
        """Bring whichever file was given into `data`, as bytes."""
        cleaned = super().clean() or {}
        if self.errors:
            raise forms.ValidationError(gettext("This is too large for a card, or no text."))
        file = cleaned.get("file") or cleaned.get("picture")
        if not file and not cleaned.get("card"):
            raise forms.ValidationError(
                gettext("Paste a link or a card, or choose a file or a picture.")
            )
        if file and file.size > PICTURE_BYTES:
            raise forms.ValidationError(gettext("This file is too large for a card or a picture."))
        cleaned["data"] = file.read() if file else None
        return cleaned
