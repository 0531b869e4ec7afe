"""Limits as the panel lists them."""

import pytest
from pytest_django.fixtures import Settings

from hosting.limits import limits
from nodes.bounds import BOUNDS
from nodes.models import Count


@pytest.mark.django_db
def test_each_limit_has_its_value_and_how_often_it_was_reached(settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "sessions": 7}
    Count.objects.create(name="limits", label="sessions", count=3)
    listed = {limit.name: limit for limit in limits()}
    assert list(listed) == [bound.name for bound in BOUNDS]
    sessions = listed["sessions"]
    assert (sessions.value, sessions.setting) == (7, "SDMPWEB_LIMIT_SESSIONS")
    assert sessions.hits >= 3
    assert sessions.words.startswith("open sessions")
