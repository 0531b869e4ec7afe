"""The door for nodes that call us: a WebSocket at `/sdmp`."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer

from journal.doorway import Visitor
from journal.meeting import Meeting
from journal.metering import TooMuch
from journal.sync import Refused, converse
from journal.transport import Closed
from nodes import own_door
from nodes.errors import UserError
from sdmp import limits
from sdmp.errors import RemoteSessionError

_log = structlog.get_logger(__name__)
_QUEUE: Final = 4  # frames that wait while one is worked on
_CLOSE_SECONDS: Final = 2.0


class SdmpConsumer(AsyncWebsocketConsumer):
    """One connection from another node; a transport for `journal.sync.converse`."""

    async def connect(self) -> None:
        """Take the call, unless too many wait that have not proved themselves."""
        self._frames: asyncio.Queue[str | None] = asyncio.Queue(_QUEUE)
        self._gone = False
        self._task: asyncio.Task[None] | None = None
        client = self.scope.get("client") or ("", 0)
        self._address = str(client[0])
        self._visitor = Visitor(self._address)
        if not await self._visitor.enter():
            await self.close()
            return
        answer: Any = own_door.answer(self.scope)  # bytes, which channels types as text
        try:
            await self.accept(headers=answer)
        except BaseException:  # it is gone already, and no `disconnect` follows
            self._visitor.leave()
            raise
        self._task = asyncio.create_task(self._talk())

    async def disconnect(self, code: int) -> None:
        """The connection is gone."""
        self._gone = True
        self._proved()
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)
        if self._task is not None:
            await asyncio.wait([self._task])

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Queue a frame; a binary one is none of the protocol's."""
        if text_data is None:
            await self.close()
        elif not self._gone:
            await self._frames.put(text_data)

    def _expect(self, size: int) -> None:
        """Let the server take in frames of so many bytes, where it can be told."""
        extensions: dict[str, Any] = self.scope.get("extensions") or {}
        if "sdmpweb.limit" in extensions:
            extensions["sdmpweb.limit"](size)

    async def _talk(self) -> None:
        transport = _ConsumerTransport(self)
        try:
            await converse(Meeting(caller=self._address), transport, proved=self._proved)
        except (Refused, Closed, TooMuch):
            pass
        except (RemoteSessionError, UserError) as error:
            _log.info("call ended", address=self._address, reason=str(error))
        except Exception:
            _log.exception("call failed")
        finally:
            await transport.close()
            self._proved()
            # A frame may still wait for room, and nobody reads any more.
            while not self._frames.empty():
                self._frames.get_nowait()

    def _proved(self) -> None:
        """Count the connection no longer among those that have not proved themselves."""
        if not self._gone:
            self._expect(limits.RESPONSE_FRAME_BYTES)
        self._visitor.leave()


class _ConsumerTransport:
    """The consumer, as the engine sees it."""

    def __init__(self, consumer: SdmpConsumer) -> None:
        self._consumer = consumer

    async def send(self, frame: str) -> None:
        """Send one frame. Raises Closed."""
        if self._consumer._gone:
            raise Closed
        try:
            await self._consumer.send(text_data=frame)
        except Exception:
            raise Closed from None

    async def receive(self, limit: int) -> str:
        """Wait for a frame of at most `limit` bytes. Raises Closed, also for a larger one."""
        frame = None if self._consumer._gone else await self._consumer._frames.get()
        if frame is None or len(frame) > limit:
            raise Closed
        return frame

    async def close(self) -> None:
        """Close the connection; may be called twice."""
        if not self._consumer._gone:
            self._consumer._gone = True
            try:
                # A peer that does not read keeps us from saying so.
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._consumer.close()
            except Exception:
                _log.debug("connection was gone already")
