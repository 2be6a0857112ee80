"""A web server for feeds, on this machine, that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]


@dataclass
class Site:
    """What it answers with, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    """Paths that lead elsewhere."""
    delay_s: float = 0
    asked: list[Asked] = field(default_factory=list)

    def say(self, text: str, **headers: str) -> None:
        """Answers with a text from now on; `Retry_After` stands for the header Retry-After."""
        self.body = text.encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.path, dict(request.headers)))
        await asyncio.sleep(self.delay_s)
        if request.path in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[request.path]})
        known = self.headers.get("ETag")
        if known and request.headers.get("If-None-Match") == known:
            return web.Response(status=304)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    """A site that runs meanwhile."""
    site = Site()
    runner = web.ServerRunner(web.Server(site.answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()
