"""aiohttp's requests and responses to ours; nothing else in `dav` knows aiohttp."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import secrets
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request, Response
from caldavd.dav.server import Server
from caldavd.errors import Failed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Headers = CIMultiDict[str] | CIMultiDictProxy[str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RUN: Final = secrets.token_hex(3)
_COUNT: Final = itertools.count(1)
"""A request's id: this run of the process, and the request's number in it."""

_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""What zlib calls the formats of content codings."""
_BODILESS: Final = (204, 304)
_JOINED: Final = ("If-Match", "If-None-Match", "If", "Prefer", "Content-Encoding")
"""Headers whose further lines must not be lost. If is no list: joined it is malformed, and 400."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Whose X-Forwarded headers are believed; `unix` where the socket lets only a proxy in."""

    trusted: Sequence[Network] = ()
    unix: bool = False

    def trusts(self, peer: str) -> bool:
        """Whether an address is one of a trusted proxy; the empty one is a unix socket's."""
        if not peer:
            return self.unix
        if not self.trusted:
            return False
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)


def handler(server: Server, proxies: Proxies = Proxies()) -> Handler:
    """The handler of the one catch-all route."""

    async def serve(request: web.Request) -> web.StreamResponse:
        response = await handle(server, _request(request, proxies))
        return _response(request.method, response)

    return serve


def _request(request: web.Request, proxies: Proxies) -> Request:
    headers = joined(request.headers)
    peer, scheme, host = request.remote or "", request.scheme, request.host
    if proxies.trusts(peer):
        peer = _client(",".join(headers.getall("X-Forwarded-For", ())), peer, proxies)
        scheme = _last(headers, "X-Forwarded-Proto").lower() or scheme
        host = _last(headers, "X-Forwarded-Host") or host

    async def read() -> bytes:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Failed(413, "the body is larger than this server takes") from None
        except web.RequestPayloadError:
            raise Failed(400, "the body is broken: send it again") from None
        except ConnectionError:
            raise Failed(400, "the client left before its body was whole") from None
        coding = headers.get("Content-Encoding", "")
        if not coding:
            return body
        return await asyncio.to_thread(inflated, body, coding, request.client_max_size)

    return Request(
        method=request.method,
        raw_path=request.raw_path,
        headers=headers,
        peer=peer,
        scheme=scheme,
        host=host,
        id=f"{_RUN}{next(_COUNT):x}",
        read=read if request.can_read_body else None,
    )


def joined(headers: Headers) -> Headers:
    """Headers in which those that are sent in several lines are one (RFC 9110 §5.3)."""
    repeated = [name for name in _JOINED if len(headers.getall(name, ())) > 1]
    if not repeated:
        return headers
    whole = CIMultiDict(headers)
    for name in repeated:
        whole[name] = ", ".join(headers.getall(name))
    return whole


def inflated(body: bytes, coding: str, limit: int) -> bytes:
    """A body without its content coding, never more of it than may be (RFC 9110 §8.4).

    aiohttp is told not to do this: it would inflate on the event loop, as far as it goes.
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _WINDOWS:
        raise Failed(415, f"no {name[:20]} here", headers=(("Accept-Encoding", "gzip, deflate"),))
    unpacker = zlib.decompressobj(_WINDOWS[name])
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise Failed(400, "the body is not packed as its Content-Encoding says") from None
    if len(plain) > limit:
        raise Failed(413, "the body is larger than this server takes")
    if not unpacker.eof:
        raise Failed(400, "the body ends early")
    if unpacker.unused_data:
        raise Failed(400, "there is something behind the end of the packed body")
    return plain


def _client(forwarded: str, peer: str, proxies: Proxies) -> str:
    """The last address in the chain that no trusted proxy vouches for."""
    for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        peer = _without_port(address)
        if not proxies.trusts(peer):
            break
    return peer


def _without_port(address: str) -> str:
    """`192.0.2.1:5678` and `[2001:db8::1]:5678` are what some gateways forward."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host = address.partition(":")[0]
    return host if "." in host else address


def _last(headers: Headers, name: str) -> str:
    """The value that the nearest proxy wrote: whatever is before it may be the client's."""
    return ",".join(headers.getall(name, ())).rpartition(",")[2].strip()


def _response(method: str, response: Response) -> web.Response:
    headers = CIMultiDict(response.headers)
    if method == "HEAD" and response.status not in _BODILESS:
        headers["Content-Length"] = str(response.size)
        return web.Response(status=response.status, headers=headers)
    if not response.more:
        return web.Response(status=response.status, headers=headers, body=response.body or None)
    headers["Content-Length"] = str(response.size)
    return web.Response(status=response.status, headers=headers, body=_each(response))


async def _each(response: Response) -> AsyncIterator[bytes]:
    """The parts of a large answer, one after the other, as the client takes them."""
    yield response.body
    for part in response.more:
        yield part
