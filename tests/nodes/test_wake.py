"""A wake-up reaches the node from any thread and any process, and never raises."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from nodes import loop, wake
from sdmpweb import secret
from sdmpweb.celery import app
from tests.support.nodes import ROOT
from tests.support.services import Redis

PATIENCE = 60


@pytest.fixture(params=["short", "long" * 40])
def data(tmp_path: Path, request: pytest.FixtureRequest, settings: Any) -> Path:
    """A data directory, once with a path that is too long for a socket's address."""
    made: Path = tmp_path / request.param
    made.mkdir()
    settings.DATA = made
    return made


@pytest.fixture
async def node(data: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """This process as the node of `data`, with the test's loop as its home."""
    running = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "_home", running)
    with wake.listening(running):
        yield running


async def joined(group: str) -> tuple[Any, str]:
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    return layer, channel


def elsewhere(code: str, **environment: str) -> None:
    """Run code in another process, with Django set up."""
    subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); from nodes import wake; {code}"],
        cwd=ROOT, check=True, timeout=PATIENCE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **environment},
    )  # fmt: skip


async def test_wake_reaches_a_group_from_the_node_itself(node: Any) -> None:
    layer, channel = await joined("group")
    wake.wake("group", type="new")
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE) == {"type": "new"}
    await asyncio.to_thread(wake.wake, "group", type="other")
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE) == {"type": "other"}


async def test_wake_reaches_a_group_from_another_process(node: Any, data: Path) -> None:
    layer, channel = await joined("group")
    await asyncio.to_thread(
        elsewhere, "wake.wake('group', type='new', what=[1])", SDMPWEB_DATA=str(data)
    )
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE) == {"type": "new", "what": [1]}


async def test_task_is_queued_from_another_process(
    node: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    monkeypatch.setattr(
        app, "send_task", lambda name, args, **_: queued.put_nowait((name, list(args)))
    )
    await asyncio.to_thread(
        elsewhere, "wake.start_task('journal.tasks.x', 'peer')", SDMPWEB_DATA=str(data)
    )
    assert await asyncio.wait_for(queued.get(), PATIENCE) == ("journal.tasks.x", ["peer"])


async def test_nonsense_on_the_socket_is_passed_over(node: Any, data: Path) -> None:
    layer, channel = await joined("group")
    with wake._socket() as sender, wake._reachable(data) as address:
        for nonsense in (b"", b"\xff", b"[]", b"1", b"{}", b'{"group": 1}', b'{"task": []}'):
            sender.sendto(nonsense, address)
    wake.wake("group", type="new")
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE) == {"type": "new"}


async def test_socket_is_private_and_goes_with_the_node(data: Path) -> None:
    with wake.listening(asyncio.get_running_loop()):
        assert (data / wake.SOCKET_NAME).stat().st_mode & 0o777 == 0o600
    assert not (data / wake.SOCKET_NAME).exists()


def test_no_node_is_no_error(data: Path) -> None:
    wake.wake("group", type="new")
    wake.start_task("journal.tasks.x")


@pytest.mark.redis
async def test_wake_reaches_a_group_through_redis(redis_server: Redis) -> None:
    url = redis_server.url(255)
    prefix = f"sdmpweb-{secret.name_of(settings.SECRET_KEY)}"
    layer = RedisPubSubChannelLayer(hosts=[{"address": url, "socket_timeout": None}], prefix=prefix)
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await asyncio.to_thread(elsewhere, "wake.wake('group', type='new')", REDIS_URL=url)
    assert await asyncio.wait_for(layer.receive(channel), PATIENCE) == {"type": "new"}
    await layer.flush()
