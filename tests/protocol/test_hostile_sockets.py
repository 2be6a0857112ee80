"""Hostile bodies over a real socket: what is inflated, and what never ends."""

from __future__ import annotations

import asyncio
import base64
import gzip
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from caldavd.dav import http
from caldavd.dav.server import Server
from caldavd.front import receiver
from tests.protocol.client import propfind
from tests.protocol.test_hostile import SOON_S, heartbeat

MAX_BODY = 1 << 20
BOMB = 300 << 20
LOGIN = "Basic " + base64.b64encode(b"ann:ann").decode()


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[int]:
    """The port of a server whose bodies are at most MAX_BODY long."""
    web_server = web.Server(
        http.handler(server),  # type: ignore[arg-type]
        request_factory=receiver(MAX_BODY),
        access_log=None,
        auto_decompress=False,
        logger=logging.getLogger("tests.http"),
    )
    runner = web.ServerRunner(web_server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def bomb(encoding: str) -> bytes:
    """A kilobyte for each megabyte of spaces."""
    wbits = 31 if encoding == "gzip" else 15
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    parts = [packer.compress(b" " * (1 << 20)) for _ in range(BOMB >> 20)]
    return b"".join(parts) + packer.flush()


async def status_of(port: int, headers: Sequence[str], body: bytes) -> int:
    """The status that a PROPFIND with these headers and that body gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = ["PROPFIND /dav/ HTTP/1.1", "Host: localhost", "Depth: 0", *headers, "", ""]
    try:
        writer.write("\r\n".join(head).encode())
        writer.write(body)
        line = await asyncio.wait_for(reader.readline(), SOON_S)
        return int(line.split()[1])
    finally:
        writer.close()


@pytest.mark.rfc("9110 8.4")
async def test_a_packed_body_is_read(server: Server):
    body = gzip.compress(propfind("D:resourcetype").encode())
    headers = [f"Authorization: {LOGIN}", "Content-Encoding: gzip", f"Content-Length: {len(body)}"]

    async with listening(server) as port:
        assert await status_of(port, headers, body) == 207


@pytest.mark.rfc("9110 15.5.14")
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_not_inflated(server: Server, encoding: str):
    body = bomb(encoding)
    headers = [
        f"Authorization: {LOGIN}",
        f"Content-Encoding: {encoding}",
        f"Content-Length: {len(body)}",
    ]

    async with listening(server) as port, heartbeat() as beat:
        status = await status_of(port, headers, body)

    assert status in (400, 413)
    assert beat.longest_s < 0.5


@pytest.mark.rfc("9110 8.4")
@pytest.mark.parametrize(
    ("encoding", "status"), [("br", 415), ("gzip", 400), ("gzip, gzip", 415), ("identity", 207)]
)
async def test_what_is_not_packed_as_it_says_is_refused(server: Server, encoding: str, status: int):
    body = propfind("D:resourcetype").encode()
    headers = [
        f"Authorization: {LOGIN}",
        f"Content-Encoding: {encoding}",
        f"Content-Length: {len(body)}",
    ]

    async with listening(server) as port:
        assert await status_of(port, headers, body) == status


@pytest.mark.rfc("9110 15.5.14")
async def test_a_body_that_is_too_long_is_413(server: Server):
    body = b"<a>" + b" " * MAX_BODY + b"</a>"
    headers = [f"Authorization: {LOGIN}", f"Content-Length: {len(body)}"]

    async with listening(server) as port:
        assert await status_of(port, headers, body) == 413


@pytest.mark.rfc("9110 11.6.1")
async def test_without_credentials_no_body_is_waited_for(server: Server):
    headers = ["Content-Length: 1000000000"]

    async with listening(server) as port:
        assert await status_of(port, headers, b"") == 401
