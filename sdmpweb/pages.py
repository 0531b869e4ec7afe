"""Pages over HTTP: Django's handler, with each request answered as one piece in a thread.

Every view here is synchronous, as is some of the middleware. Django's own ASGI handler would go
from the loop to a thread and back at each change between the two kinds, and would make a thread,
and with it a connection to the database, for every request. Here a few threads stay, and with
them their connections.
"""

import asyncio
import contextvars
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Final, TypeVar, cast

import structlog
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

T = TypeVar("T")
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_THREADS: Final = 6
_LARGEST_BODY: Final = 64 * 1024 * 1024
"""Of any request, whoever sends it; pages and forms have narrower limits of their own."""
_SECONDS_OF_SILENCE: Final = 60.0
"""In the middle of a request, after which nothing more is expected."""

_pool: Final = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="pages")


class _TooLarge(Exception):
    """A request is larger than any page takes."""


class _TooSlow(Exception):
    """A request has begun, and nothing more of it comes."""


class PagesHandler(ASGIHandler):
    """Answers requests in threads that stay."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Load the middleware as one synchronous chain."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self.read_body(_at_most(_LARGEST_BODY, receive))
        except RequestAborted:
            return
        except (_TooLarge, _TooSlow) as error:
            status = 413 if isinstance(error, _TooLarge) else 408
            end = (b"connection", b"close")  # or the rest would still be read, for nothing
            await send({"type": "http.response.start", "status": status, "headers": [end]})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            response = await _in_thread(self._answer, scope, body)
            if response.streaming:
                await _while_there(self.send_response(response, send), receive)
                await _in_thread(response.close)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def _answer(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        """Do all that is done for a request in its thread; only a stream stays open."""
        structlog.contextvars.bind_contextvars(request=secrets.token_hex(4))
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: HttpResponseBase | None = refusal
        if request is not None:
            response = self.get_response(request)
        assert response is not None  # create_request gives the one or the other
        if isinstance(response, FileResponse):
            response = _read_whole(response)
        response._handler_class = self.__class__  # type: ignore[attr-defined]
        if not response.streaming:
            response.close()
        return response


def _read_whole(file: FileResponse) -> HttpResponse:
    """Read a file of the pages here, in the thread: they are small, and a stream would be read
    whole all the same, on its way through the loop."""
    content = b"".join(cast(Iterable[bytes], file.streaming_content))
    response = HttpResponse(content, status=file.status_code)
    response.headers = file.headers
    file.close()
    return response


def _at_most(limit: int, receive: Receive) -> Receive:
    """Receive a request up to a limit: Django would write it all to the disk before it looks."""
    left = limit

    async def counted() -> Mapping[str, Any]:
        nonlocal left
        try:
            async with asyncio.timeout(_SECONDS_OF_SILENCE):
                message = await receive()
        except TimeoutError:
            raise _TooSlow from None
        left -= len(message.get("body", b""))
        if left < 0:
            raise _TooLarge
        return message

    return counted


async def _while_there(sending: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Send a stream, and stop when nobody takes it any more: the server would go on in silence."""
    sent = asyncio.ensure_future(sending)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((sent, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended = sent.done()
        sent.cancel()
        gone.cancel()
        await asyncio.wait((sent, gone))
    if ended:
        sent.result()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _in_thread(work: Callable[..., T], *arguments: Any) -> T:
    # In a context of its own, so that what one request sets is not there for the next one.
    context = contextvars.copy_context()
    running = asyncio.get_running_loop()
    return await running.run_in_executor(_pool, context.run, work, *arguments)
