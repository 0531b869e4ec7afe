"""What a person fills in who has forgotten the password. Checks of form only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class NewPasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least eight characters. It opens these pages and nothing else."),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
    )
