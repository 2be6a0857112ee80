"""Clients that go away before they are answered."""

from __future__ import annotations

import asyncio

from aiohttp import web

from caldavd.app import _runner
from caldavd.settings import Config

SOON_S = 10


async def test_what_a_client_asked_for_ends_when_it_goes() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("nobody sets it")

    runner = _runner(handler, Config())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.wait_for(begun.wait(), SOON_S)

    writer.close()

    await asyncio.wait_for(ended.wait(), SOON_S)
    await runner.cleanup()
