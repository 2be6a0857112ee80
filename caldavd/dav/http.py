"""aiohttp's requests and responses to ours; nothing else in `dav` knows aiohttp."""

from __future__ import annotations

import ipaddress
import itertools
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request, Response
from caldavd.dav.server import Server
from caldavd.errors import Failed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RUN: Final = secrets.token_hex(3)
_COUNT: Final = itertools.count(1)
"""A request's id: this run of the process, and the request's number in it."""

_BODILESS: Final = (204, 304)


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
    headers = request.headers
    peer, scheme, host = request.remote or "", request.scheme, request.host
    if proxies.trusts(peer):
        peer = _client(headers.get("X-Forwarded-For", ""), peer, proxies)
        scheme = headers.get("X-Forwarded-Proto", scheme).strip().lower()
        host = headers.get("X-Forwarded-Host", host).partition(",")[0].strip()

    async def read() -> bytes:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Failed(413, "the body is larger than this server takes") from None
        except web.RequestPayloadError:
            raise Failed(400, "the body is broken: send it again") from None

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


def _client(forwarded: str, peer: str, proxies: Proxies) -> str:
    """The last address in the chain that no trusted proxy vouches for."""
    for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        peer = address
        if not proxies.trusts(address):
            break
    return peer


def _response(method: str, response: Response) -> web.Response:
    headers = CIMultiDict(response.headers)
    if method == "HEAD" and response.status not in _BODILESS:
        headers["Content-Length"] = str(len(response.body))
        return web.Response(status=response.status, headers=headers)
    return web.Response(status=response.status, headers=headers, body=response.body or None)
