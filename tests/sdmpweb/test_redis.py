"""Several nodes on one Redis."""

import asyncio

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from sdmpweb import secret
from tests.support.services import Redis

pytestmark = pytest.mark.redis


async def test_nodes_that_share_a_redis_do_not_hear_each_other(redis_server: Redis) -> None:
    layers = [
        RedisPubSubChannelLayer(
            hosts=[{"address": redis_server.url(number), "socket_timeout": None}],
            prefix=f"sdmpweb-{secret.name_of(web)}",
        )
        for number, web in enumerate(("one" * 16, "other" * 16))
    ]
    channels = [await layer.new_channel() for layer in layers]
    for layer, channel in zip(layers, channels, strict=True):
        await layer.group_add("account-1", channel)
    await layers[0].group_send("account-1", {"type": "live.event"})
    assert await layers[0].receive(channels[0]) == {"type": "live.event"}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await layers[1].receive(channels[1])
    for layer in layers:
        await layer.flush()


def test_the_name_of_a_node_does_not_tell_its_secret() -> None:
    web = "a secret of the pages, long enough"
    assert secret.name_of(web) == secret.name_of(web)
    assert secret.name_of(web) != secret.name_of(web + ".")
    assert web not in secret.name_of(web)
