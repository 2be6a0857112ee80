"""A load generator: HTTP/1.1 keep-alive connections as bare asyncio protocols.

An HTTP client library would reach its own limit before the servers that are measured do.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final, Protocol, cast

ANSWER_TIMEOUT_S: Final = 120
SENT_KEPT: Final = 200
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_BODILESS: Final = (204, 304)


class Wrong(Exception):
    """An answer is not what it must be: what was measured is worth nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header field."""
        found = re.search(rb"\r\n" + name.encode() + rb":[ \t]*([^\r\n]*)", self.head, re.I)
        return found[1].decode("latin-1").strip() if found else None


@dataclass(slots=True)
class Exchange:
    """A prepared request, and what its answer must be."""

    request: bytes
    status: int
    check: Callable[[Answer], None]
    """Raises Wrong. Called after the timing, once for every body that differs from the last."""
    last: bytes | None = None


class Source(Protocol):
    """Where connections get their next request from."""

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """The request that follows an answer on that connection; None: it is the first."""

    async def settle(self) -> None:
        """Puts the server's state back after a slice, outside of the timing."""


class Round:
    """Requests that change nothing, over and over, dealt out to all connections."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._exchanges: Iterator[Exchange] = cycle(tuple(exchanges))

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """The next one, whatever was answered before."""
        return next(self._exchanges)

    async def settle(self) -> None:
        """Nothing was changed."""


@dataclass(slots=True)
class Slice:
    """What one stretch of load did; times in seconds."""

    requests: int = 0
    elapsed_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    body_bytes: int = 0
    doubtful: list[tuple[Exchange, Answer]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    """The first requests."""

    def verify(self) -> None:
        """Checks every answer that was not the same as one that is checked. Raises Wrong."""
        for exchange, answer in self.doubtful:
            verify(exchange, answer)
        self.doubtful.clear()


def verify(exchange: Exchange, answer: Answer) -> None:
    """Raises Wrong if an answer is not what it must be."""
    if answer.status != exchange.status:
        line = exchange.request.partition(b"\r\n")[0].decode()
        said = answer.body[:300].decode("utf-8", "replace")
        raise Wrong(f"{line}: status {answer.status}, not {exchange.status}: {said}")
    exchange.check(answer)


class Connection(asyncio.Protocol):
    """One connection; `on_answer` is called in the moment an answer is whole."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._head_end = -1
        self._needed = 0
        self.on_answer: Callable[[Answer], None] = lambda answer: None
        self.on_lost: Callable[[str], None] = lambda reason: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.on_lost(f"the server closed the connection: {exc or 'no error'}")

    def send(self, request: bytes) -> None:
        """Sends a request; the answer to the one before must have come."""
        if self._transport is None:
            self.on_lost("the connection is closed")
            return
        self._transport.write(request)

    def close(self) -> None:
        """Ends the connection."""
        self.on_lost = lambda reason: None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if self._head_end < 0:
            self._head_end = received.find(b"\r\n\r\n")
            if self._head_end < 0:
                return
            self._needed = self._head_end + 4 + self._body_length()
        if len(received) >= self._needed:
            start, end = self._head_end, self._needed
            head, body = bytes(received[:start]), bytes(received[start + 4 : end])
            del received[:end]
            self._head_end = -1
            self.on_answer(Answer(int(head[9:12]), head, body))

    def _body_length(self) -> int:
        head = bytes(self._received[: self._head_end])
        if int(head[9:12]) in _BODILESS:
            return 0
        found = _LENGTH.search(head)
        if found is None:
            self.on_lost("an answer without Content-Length, which this client cannot read")
            return 0
        return int(found[1])


class Client:
    """Connections to one server, kept between slices."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._open: list[Connection] = []
        self._aside: Connection | None = None

    async def ask(self, request: bytes) -> Answer:
        """The answer to one request, on a connection that carries no load."""
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def lost(reason: str) -> None:
            self._aside = None
            if not done.done():
                done.set_exception(Wrong(reason))

        if self._aside is None:
            self._aside = await self._connect()
        self._aside.on_answer = done.set_result
        self._aside.on_lost = lost
        self._aside.send(request)
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await done

    async def load(self, source: Source, connections: int, seconds: float) -> Slice:
        """Keeps that many connections busy for a while. Raises Wrong if one is lost."""
        while len(self._open) < connections:
            self._open.append(await self._connect())
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        slice_ = Slice()
        running = connections
        began = time.perf_counter()
        until = began + seconds

        def finished() -> None:
            nonlocal running
            running -= 1
            if not running and not done.done():
                done.set_result(None)

        for number in range(connections):
            _keep_busy(self._open[number], number, source, slice_, until, finished, done)
        async with asyncio.timeout(seconds + ANSWER_TIMEOUT_S):
            await done
        slice_.elapsed_s = time.perf_counter() - began
        slice_.requests = len(slice_.latencies_s)
        return slice_

    def close(self) -> None:
        """Ends all connections."""
        for connection in (*self._open, *filter(None, [self._aside])):
            connection.close()
        self._open.clear()
        self._aside = None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, *self._address)
        return connection


def _keep_busy(
    connection: Connection,
    number: int,
    source: Source,
    slice_: Slice,
    until: float,
    finished: Callable[[], None],
    done: asyncio.Future[None],
) -> None:
    """Sends the next request whenever an answer has come, until the time is over."""
    clock = time.perf_counter
    exchange = source.next(number, None)
    sent = clock()

    def answered(answer: Answer) -> None:
        nonlocal exchange, sent
        now = clock()
        slice_.latencies_s.append(now - sent)
        slice_.body_bytes += len(answer.body)
        if len(slice_.sent) < SENT_KEPT:
            slice_.sent.append(exchange.request)
        if answer.body != exchange.last or answer.status != exchange.status:
            slice_.doubtful.append((exchange, answer))
            exchange.last = answer.body
        if now >= until:
            finished()
            return
        try:
            exchange = source.next(number, answer)
        except Wrong as error:
            lost(str(error))
            return
        sent = clock()
        connection.send(exchange.request)

    def lost(reason: str) -> None:
        if not done.done():
            done.set_exception(Wrong(reason))

    connection.on_answer = answered
    connection.on_lost = lost
    connection.send(exchange.request)
