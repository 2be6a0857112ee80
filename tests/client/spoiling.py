"""A proxy that spoils what goes through it, as misconfigured ones do."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web
from yarl import URL

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response on its way."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    def having(self, name: str, value: str) -> Message:
        """It with a header."""
        return replace(self, headers={**self.lacking(name).headers, name: value})

    def lacking(self, name: str) -> Message:
        """It without a header."""
        kept = {key: value for key, value in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=kept)

    def get(self, name: str) -> str:
        """A header, or nothing."""
        return next((v for key, v in self.headers.items() if key.lower() == name.lower()), "")


def same(message: Message) -> Message:
    """As it was."""
    return message


def nothing(_: Message) -> Message | None:
    """Every request goes on to the server."""
    return None


@dataclass(frozen=True, slots=True)
class Spoil:
    """What a proxy does: it answers itself, changes the request, changes the answer."""

    answers: Callable[[Message], Message | None] = field(default=nothing)
    request: Callable[[Message], Message] = field(default=same)
    response: Callable[[Message], Message] = field(default=same)


def refuses(status: int, *methods: str) -> Spoil:
    """Answers methods by itself."""
    return Spoil(
        answers=lambda asked: (
            replace(asked, status=status, headers={}, body=b"") if asked.method in methods else None
        )
    )


def compressed(message: Message) -> Message:
    """Compressed on the way, its entity tag marked, as some proxies do."""
    if not message.body or not message.get("ETag"):
        return message
    tag = message.get("ETag").removesuffix('"') + '-gzip"'
    body = replace(message, body=gzip.compress(message.body))
    return body.having("ETag", tag).having("Content-Encoding", "gzip")


@asynccontextmanager
async def proxy(upstream: str, spoil: Spoil) -> AsyncIterator[str]:
    """The URL of a proxy in front of a server."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{path:.*}", _handler(session, upstream, spoil))
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


def _handler(
    session: aiohttp.ClientSession, upstream: str, spoil: Spoil
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        asked = Message(
            request.method, request.raw_path, dict(request.headers), await request.read()
        )
        answer = spoil.answers(asked)
        if answer is None:
            answer = await _forward(session, upstream, spoil.request(asked))
        answer = spoil.response(answer)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
        return web.Response(status=answer.status, headers=kept, body=answer.body)

    return handle


async def _forward(session: aiohttp.ClientSession, upstream: str, asked: Message) -> Message:
    headers = {k: v for k, v in asked.headers.items() if k.lower() not in HOP_BY_HOP}
    async with session.request(
        asked.method,
        URL(upstream + asked.path, encoded=True),
        headers=headers,
        data=io.BytesIO(asked.body) if asked.body else None,
        allow_redirects=False,
    ) as answer:
        return Message(
            asked.method, asked.path, dict(answer.headers), await answer.read(), answer.status
        )
