"""What stands before the DAV handler: health, time limit, metrics, and what aiohttp leaves open."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sys
import termios
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError

from caldavd import clock
from caldavd.dav.http import Handler, Network
from caldavd.metrics import CONTENT_TYPE, Metrics
from caldavd.store import principals, tasks
from caldavd.store.engine import Database, Unavailable
from caldavd.traffic import ClearText, kind

_log: Final = logging.getLogger(__name__)

READY_TIMEOUT_S: Final = 5
UNREAD_S: Final = 60
"""How long a client may take nothing at all of its answer."""
GONE: Final = 499
"""Counted where the client has gone before it was answered, as nginx does."""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_HEALTH: Final = frozenset({"/healthz", "/readyz"})
_RETRY: Final = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a request may take, below which path it comes, and from which proxies."""

    timeout_s: float
    prefix: str
    trusted: Sequence[Network]


def quiet_logger() -> logging.Logger:
    """For aiohttp: whoever sends what is not HTTP does not get a traceback into our log."""
    logger = logging.getLogger("caldavd.http")
    logger.filters[:] = [_one_line]
    return logger


def _one_line(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (HttpProcessingError, web.RequestPayloadError)):
        record.peer = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        record.msg, record.args, record.exc_info = "malformed request", (), None
        record.levelno, record.levelname = logging.INFO, "INFO"
        # Its own words quote what was sent, which may be a password.
        record.reason = type(error).__name__
    return True


class Unread:
    """Closes the connections of clients that do not read: their answers would be held for ever.

    Looks at those that wait to write, which are few, now and then; a request costs it nothing.
    """

    def __init__(self, limit_s: float = UNREAD_S) -> None:
        self._limit_s = limit_s
        self._waiting: dict[web.RequestHandler, tuple[tuple[int, int], float]] = {}

    def look(self, connections: Iterable[web.RequestHandler], now: float) -> None:
        """Closes those of which nothing has left since long ago; `now` is monotonic, in seconds."""
        waiting = {}
        for one in connections:
            if not one.writing_paused or one.transport is None:
                continue
            left = _left(one.transport)
            before, since = self._waiting.get(one, (left, now))
            if left != before:
                since = now
            if now - since > self._limit_s:
                _log.info("client does not read", extra={"bytes": left[0]})
                one.transport.abort()
            else:
                waiting[one] = left, since
        self._waiting = waiting


def _left(transport: asyncio.Transport) -> tuple[int, int]:
    """The bytes that wait here, and those in the system's own buffer, as far as it tells."""
    here = transport.get_write_buffer_size()
    try:
        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0" * 4)
    except OSError:
        return here, 0
    return here, int.from_bytes(told, sys.byteorder)


class _Incoming(web.Request):
    """A request whose client is told to go on with the body when somebody wants it."""

    _continued = False
    ATTRS = web.Request.ATTRS | frozenset({"_continued"})

    async def read(self) -> bytes:
        """The whole body, inflated; not longer than it may be."""
        if not self._continued and self.headers.get("Expect", "").lower() == "100-continue":
            self._continued = True
            if self.transport is not None:
                self.transport.write(_CONTINUE)
        return await super().read()


def receiver(max_bytes: int) -> Callable[..., web.Request]:
    """What makes requests of what was received; bodies are held to that length."""
    loop = asyncio.get_running_loop()

    def receive(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.Request:
        return _Incoming(message, payload, protocol, writer, task, loop, client_max_size=max_bytes)

    return receive


class Front:
    """What stands before the DAV handler: health, time limit, metrics."""

    def __init__(self, bounds: Bounds, db: Database, metrics: Metrics, dav: Handler) -> None:
        self._dav = dav
        self._metrics = metrics
        self._health = Side(db, metrics)
        self._bounds = bounds
        self._clear_text = ClearText(bounds.trusted, clock.now)
        self._running: dict[asyncio.Task[object] | None, float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._stopping = False
        self._idle = asyncio.Event()
        self._unread = Unread()

    async def watch(self, connections: Callable[[], Iterable[web.RequestHandler]]) -> None:
        """Ends requests that take too long, and connections that do not read, until cancelled.

        One look at all of them now and then costs nothing; a timeout of its own would cost each
        request a tenth of its time.
        """
        limit_s = self._bounds.timeout_s
        while True:
            await asyncio.sleep(min(1.0, limit_s / 2))
            now = time.perf_counter()
            self._unread.look(connections(), now)
            for task, began in list(self._running.items()):
                if now - began > limit_s and task is not None and task not in self._overdue:
                    self._overdue.add(task)
                    task.cancel()

    async def finish(self, timeout_s: float) -> None:
        """Waits for the requests that have begun, and lets connections begin no other.

        aiohttp's own end of service throws away the rest of bodies that are still arriving.
        """
        self._stopping = True
        try:
            async with asyncio.timeout(timeout_s):
                while self._running:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            _log.warning("requests cut off", extra={"count": len(self._running)})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers any request."""
        if request.raw_path in _HEALTH:
            return await self._health.serve(request)
        if not request.secure and "Authorization" in request.headers:
            self._clear_text.seen(request.remote or "")
        task = asyncio.current_task()
        began = self._running[task] = time.perf_counter()
        status = 500
        try:
            response = await self._answer(request, task)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            status = GONE
            raise
        finally:
            del self._running[task]
            if task in self._overdue:
                self._overdue.remove(task)
            if not self._running:
                self._idle.set()
            seconds = time.perf_counter() - began
            about = kind(request.raw_path, self._bounds.prefix)
            self._metrics.observe(request.method, about, status, seconds)
        if self._stopping:
            response.force_close()
        response.headers.setdefault("Server", "caldavd")
        return response

    async def _answer(
        self, request: web.Request, task: asyncio.Task[object] | None
    ) -> web.StreamResponse:
        try:
            return await self._dav(request)
        except asyncio.CancelledError:
            if task is None or task not in self._overdue:
                raise
            task.uncancel()
            _log.warning("request took too long", extra={"method": request.method})
            return web.Response(status=503, headers=_RETRY, text="try again\n")
        except (web.RequestPayloadError, ConnectionError):  # no gzip, or gone in the middle
            return web.Response(status=400, text="the body is broken: send it again\n")


class Side:
    """Health for whoever restarts us, and metrics for whoever watches."""

    def __init__(self, db: Database, metrics: Metrics) -> None:
        self._db = db
        self._metrics = metrics

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers a request to the metrics' listener, or about health to any."""
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        match request.raw_path:
            case "/healthz":
                return web.Response(text="alive\n")
            case "/readyz":
                return await self._ready()
            case "/metrics":
                await self._count_tasks()
                body = self._metrics.render().encode()
                return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})
        return web.Response(status=404, text="not here: /metrics, /healthz or /readyz\n")

    async def _count_tasks(self) -> None:
        """Has the metrics tell of tasks as they are; as they were, if the database is busy."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                found = await self._db.read(tasks.counts, snapshot=False)
        except (TimeoutError, Unavailable) as error:
            _log.warning("tasks not counted", extra={"reason": str(error) or "it takes too long"})
        else:
            named = {(kind, state.name.lower()): count for (kind, state), count in found.items()}
            self._metrics.note_tasks(named)

    async def _ready(self) -> web.Response:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._db.read(principals.count, snapshot=False)
        except (TimeoutError, Unavailable) as error:
            _log.warning("not ready", extra={"reason": str(error) or "the database takes too long"})
            return web.Response(status=503, headers=_RETRY, text="the database does not answer\n")
        return web.Response(text="ready\n")
