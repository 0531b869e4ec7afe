"""What all lists of the panel share: pages of them, searching, filters, and who may see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from nodes.models import Account, Count, Peer
from panel.admin.base import NearPaginator, OwnersAdmin
from tests.support.world import World

pytestmark = pytest.mark.django_db
Enter = Callable[[Account], Client]


def _owner() -> Account:
    return Account.objects.create_user("olga", password="a long house-key 7")


def _peers(number: int) -> None:
    rows = [f"{n:086d}" for n in range(number)]
    Peer.objects.bulk_create(Peer(fingerprint=row, known_line=row) for row in rows)


def test_rows_are_counted_only_as_far_as_one_can_turn(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    Count.objects.bulk_create(Count(name="n", label=str(n)) for n in range(95))
    rows = Count.objects.order_by("pk")
    near = NearPaginator(rows, 10, page=2)
    assert (near.count, near.more, near.num_pages) == (50, True, 5)
    last = NearPaginator(rows, 10, page=9)
    assert (last.count, last.more, last.num_pages) == (95, False, 10)
    assert [row.label for row in last.page(10)] == [str(n) for n in range(90, 95)]
    with django_assert_num_queries(1):
        assert NearPaginator(rows, 10, page=1).count == 40
    assert NearPaginator([1, 2, 3], 10).count == 3


def test_a_list_is_turned_and_says_where_one_is(world: World, as_owner: Enter) -> None:
    _peers(330)
    client, address = as_owner(world.alice), reverse("admin:nodes_peer_changelist")
    first = client.get(address).content.decode()
    assert "Entries 1 to 50 of more than 200" in first
    last = client.get(address + "?p=7").content.decode()
    assert "Entries 301 to 330 of 330" in last
    assert 'href="?p=6"' in last
    for strange in ("?p=0", "?p=x", "?p=99999999999999", "?o=7.-2", "?all=", "?nonsense=1"):
        answer = client.get(address + strange)
        assert answer.status_code in (200, 302), strange


def _own_lists() -> list[str]:
    return [
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model, table in admin.site._registry.items()
        if isinstance(table, OwnersAdmin)
    ]


def test_no_list_takes_scripts_or_styles_of_the_admin(as_owner: Enter) -> None:
    client = as_owner(_owner())
    assert len(_own_lists()) >= 2
    for name in _own_lists():
        page = client.get(reverse(name)).content.decode()
        for foreign in ("admin/css", "admin/js", "admin/img", "<style", " style=", " onclick="):
            assert foreign not in page, (name, foreign)


def _pages(patterns: list[Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for item in patterns:
        if isinstance(item, URLResolver):
            found += _pages(item.url_patterns, prefix + str(item.pattern))
        elif isinstance(item, URLPattern) and not str(item.pattern).startswith("^"):
            found.append((str(item.name), prefix + str(item.pattern)))
    return found


def test_a_member_gets_nothing_of_it(as_owner: Enter) -> None:
    """Signed in, and staff besides, but no owner: each page and each button is shut."""
    owner, member = _owner(), Account.objects.create_user("mia", password="a long house-key 7")
    member.is_staff = True
    member.save(update_fields=["is_staff"])
    as_owner(owner)
    client = Client(raise_request_exception=False)
    client.force_login(member, "allauth.account.auth_backends.AuthenticationBackend")
    walked = [page for page in _pages(get_resolver().url_patterns) if page[1].startswith("admin/")]
    assert len(walked) > 20
    for name, route in walked:
        if name in ("login", "logout", "jsi18n"):
            continue
        address = "/" + re.sub(r"<[^>]+>", "1", route)
        for method in ("get", "post"):
            status = getattr(client, method)(address).status_code
            assert status in (302, 403, 404, 405), (name, method, status)
