"""Hostile bodies over a real socket: what is inflated, and what never ends."""

from __future__ import annotations

import asyncio
import base64
import gzip
import ipaddress
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from caldavd.dav import http
from caldavd.dav.server import Server
from caldavd.errors import Failed
from caldavd.front import receiver
from caldavd.requestline import RequestLine
from tests.protocol.client import Client, propfind
from tests.protocol.test_hostile import SOON_S, heartbeat
from tests.unit.builders import event

MAX_BODY = 1 << 20
BOMB = 300 << 20
EVENT = "/dav/calendars/ann/calendar/a.ics"
NOBODY = http.Proxies()
LOGIN = "Basic " + base64.b64encode(b"ann:ann").decode()


@asynccontextmanager
async def listening(server: Server, proxies: http.Proxies = NOBODY) -> AsyncIterator[int]:
    """The port of a server whose bodies are at most MAX_BODY long."""
    web_server = web.Server(
        http.handler(server, proxies),  # type: ignore[arg-type]
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
        writer.write("\r\n".join(head).encode(errors="surrogateescape"))
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


@pytest.mark.rfc("9110 8.4")
def test_a_second_gzip_member_is_refused():
    body = gzip.compress(b"one") + gzip.compress(b"two")

    with pytest.raises(Failed) as refused:
        http.inflated(body, "gzip", MAX_BODY)

    assert refused.value.status == 400


async def exchanged(port: int, method: str, *headers: bytes) -> int:
    """The status of an answer to a request without a body, for ann's event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = f"{method} {EVENT} HTTP/1.1".encode()
    close = (b"Host: localhost", b"Connection: close", f"Authorization: {LOGIN}".encode())
    try:
        writer.write(b"\r\n".join((start, *close, *headers, b"", b"")))
        line = await asyncio.wait_for(reader.readline(), SOON_S)
        return int(line.split()[1])
    finally:
        writer.close()


@pytest.mark.rfc("9110 5.3")
@pytest.mark.parametrize(
    "lines",
    [
        [b'If-None-Match: "zzz"', b"If-None-Match: *"],
        [b"If-None-Match: *", b'if-none-match: "zzz"'],
        [b'If-Match: "zzz"', b'If-Match: "yyy"'],
    ],
)
async def test_every_line_of_a_condition_counts(ann: Client, server: Server, lines: list[bytes]):
    await ann.put(EVENT, event(uid="a"))

    async with listening(server) as port:
        assert await exchanged(port, "DELETE", *lines) == 412


@pytest.mark.rfc("4918 10.4.2")
async def test_an_if_header_in_two_lines_is_refused(ann: Client, server: Server):
    await ann.put(EVENT, event(uid="a"))

    async with listening(server) as port:
        lines = (b"If: (Not <urn:x>)", b"If: (<urn:x>)")
        assert await exchanged(port, "DELETE", *lines) == 400


@pytest.mark.rfc("9110 5.5")
@pytest.mark.parametrize(
    ("method", "line", "status"),
    [
        ("MOVE", b"Destination: http://\xff/x", 502),
        ("MOVE", b"Destination: \xff", 400),
        ("GET", b"If: \xff", 400),
        ("PROPFIND", b"Depth: \xff", 400),
        ("GET", b"If-None-Match: \xff", 200),
    ],
)
async def test_bytes_that_are_no_utf_8_are_no_fault_of_ours(
    ann: Client, server: Server, method: str, line: bytes, status: int
):
    await ann.put(EVENT, event(uid="a"))

    async with listening(server) as port:
        assert await exchanged(port, method, line) == status


@pytest.mark.rfc("9110 15.5.16")
async def test_a_coding_that_is_no_utf_8_is_415(server: Server):
    reader_headers = [f"Authorization: {LOGIN}", "Content-Encoding: \udcff", "Content-Length: 1"]

    async with listening(server) as port:
        assert await status_of(port, reader_headers, b"x") == 415


@dataclass
class Lines:
    """The request lines that a server notes."""

    seen: list[RequestLine] = field(default_factory=list)

    def note(self, line: RequestLine) -> None:
        self.seen.append(line)


@pytest.mark.parametrize(
    "lines",
    [
        [b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-For: 198.51.100.7"],
        [b"X-Forwarded-For: 203.0.113.9, 198.51.100.7"],
        [b"X-Forwarded-For: 203.0.113.9, 198.51.100.7", b"X-Forwarded-For: 127.0.0.1"],
    ],
)
async def test_a_client_behind_a_proxy_cannot_choose_its_address(
    server: Server, lines: list[bytes]
):
    noted = Lines()
    proxies = http.Proxies((ipaddress.ip_network("127.0.0.0/8"),))

    async with listening(replace(server, note=noted.note), proxies) as port:
        await exchanged(port, "GET", *lines)

    assert [line.peer for line in noted.seen] == ["198.51.100.7"]


@pytest.mark.parametrize(
    ("forwarded", "peer"),
    [
        (b"198.51.100.7:4711", "198.51.100.7"),
        (b"198.51.100.7:4711, 127.0.0.1:80", "198.51.100.7"),
        (b"[2001:db8::1]:4711", "2001:db8::1"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"2001:db8::1", "2001:db8::1"),
    ],
)
async def test_an_address_that_is_forwarded_with_its_port_is_known_without(
    server: Server, forwarded: bytes, peer: str
):
    noted = Lines()
    proxies = http.Proxies((ipaddress.ip_network("127.0.0.0/8"),))

    async with listening(replace(server, note=noted.note), proxies) as port:
        await exchanged(port, "GET", b"X-Forwarded-For: " + forwarded)

    assert [line.peer for line in noted.seen] == [peer]


async def test_the_last_proxy_says_which_host_was_asked(ann: Client, server: Server):
    await ann.put(EVENT, event(uid="a"))
    proxies = http.Proxies((ipaddress.ip_network("127.0.0.0/8"),))
    sent = [b"X-Forwarded-Host: evil.example", b"X-Forwarded-Host: x.example, cal.example.org"]
    here = b"Destination: http://cal.example.org/dav/calendars/ann/calendar/b.ics"
    there = b"Destination: http://evil.example/dav/calendars/ann/calendar/c.ics"

    async with listening(server, proxies) as port:
        statuses = [await exchanged(port, "MOVE", *sent, one) for one in (there, here)]

    assert statuses == [502, 201]
