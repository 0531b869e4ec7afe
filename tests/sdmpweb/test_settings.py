"""The settings load and Django finds nothing wrong with them."""

from django.core.management import call_command


def test_django_finds_nothing_wrong() -> None:
    call_command("check", fail_level="WARNING")
