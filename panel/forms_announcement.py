"""What the owner fills in to say something to everybody here. Checks of form only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mail.announcing import LONGEST
from mail.presentation import clean_name


class AnnouncementForm(forms.Form):
    """What is said, and for how long."""

    text = forms.CharField(
        label=_("What you want to say"),
        help_text=_("One line. It stays on this node and is not sent to anybody."),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    duration = forms.ChoiceField(
        label=_("It is shown for"),
        choices=[("day", _("one day")), ("week", _("one week")), ("month", _("one month"))],
        initial="day",
        widget=forms.Select(attrs={"class": "input"}),
    )

    def clean_text(self) -> str:
        """Take what can be shown on one line."""
        text = clean_name(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text
