"""The door for browsers: one WebSocket for each open page, at `/live`."""

from __future__ import annotations

from typing import Any, Final

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from mail.live import group_of, state_of

SIGNED_OUT: Final = 4001
"""By which static/js/live.js sees that it need not call again."""


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Sends what changes for one account. What a page sends is not listened to."""

    group = ""

    async def connect(self) -> None:
        """Take the page in, if somebody is signed in there."""
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close()
            return
        self.group = group_of(user.pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        # From here on all is told: a page that was made in another state has missed something.
        state = await sync_to_async(state_of, thread_sensitive=False)(user.pk)
        await self.send_json({"event": "hello", "state": state})

    async def disconnect(self, code: int) -> None:
        """Forget the page."""
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Pass over whatever the page says."""

    async def live_over(self, event: dict[str, Any]) -> None:
        """Hang up: the sign-in has ended."""
        await self.close(SIGNED_OUT)

    async def live_event(self, event: dict[str, Any]) -> None:
        """Pass a change on to the page."""
        await self.send_json(event["content"])
