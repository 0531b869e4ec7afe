"""WebSocket doors of `journal`."""

from channels.generic.websocket import AsyncWebsocketConsumer


class SdmpConsumer(AsyncWebsocketConsumer):
    """Refuses every connection."""

    async def connect(self) -> None:
        """Close before accepting."""
        await self.close()
