"""What stands before the DAV handler, over real connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from caldavd.front import Unread

BIG = b"x" * 32_000_000
LIMIT_S = 60


async def answer(request: web.BaseRequest) -> web.Response:
    return web.Response(body=BIG)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[web.Server, int]]:
    """A server that answers everything with 32 MB, and its port."""
    server = web.Server(answer, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, runner.addresses[0][1]
    await runner.cleanup()


async def asking(port: int) -> socket.socket:
    """A connection on which an answer is on its way that nobody reads."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.3)
    return client


async def read_all(client: socket.socket) -> int:
    """How many bytes come until the connection ends."""
    loop = asyncio.get_running_loop()
    size = 0
    try:
        while part := await loop.sock_recv(client, 1 << 20):
            size += len(part)
    except ConnectionResetError:
        pass
    return size


async def test_a_client_that_does_not_read_is_left_in_the_end() -> None:
    unread = Unread(LIMIT_S)
    async with serving() as (server, port):
        client = await asking(port)

        unread.look(server.connections, 0)
        unread.look(server.connections, LIMIT_S)
        kept = len(server.connections)
        unread.look(server.connections, LIMIT_S + 1)
        size = await read_all(client)

    client.close()
    assert kept == 1
    assert size < len(BIG)


async def test_a_client_that_reads_slowly_gets_its_answer() -> None:
    unread = Unread(LIMIT_S)
    loop = asyncio.get_running_loop()
    async with serving() as (server, port):
        client = await asking(port)

        size = 0
        for look in range(5):
            unread.look(server.connections, look * (LIMIT_S - 1))
            for _ in range(10):
                size += len(await loop.sock_recv(client, 200_000))
            await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            while size < len(BIG):
                size += len(await loop.sock_recv(client, 1 << 20))

    client.close()
    assert size > len(BIG)


async def test_a_connection_that_waits_for_a_request_is_left_alone() -> None:
    unread = Unread(LIMIT_S)
    async with serving() as (server, port):
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.sleep(0.1)

        for look in range(3):
            unread.look(server.connections, look * (LIMIT_S + 1))

        assert len(server.connections) == 1
        client.close()
