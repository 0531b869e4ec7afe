"""WebSocket doors of `mail`."""

from channels.generic.websocket import AsyncWebsocketConsumer


class LiveConsumer(AsyncWebsocketConsumer):
    """Refuses every connection."""

    async def connect(self) -> None:
        """Close before accepting."""
        await self.close()
