"""Fetches a feed (RFC 9110): whoever names its URL is not to read our network by it.

A name is resolved once, by a resolver that returns public addresses alone, and the connection goes
to one of these: no later answer of a name server can lead it elsewhere.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from caldavd import __version__
from caldavd.workers.addresses import is_public, looks_numeric, may_serve

MAX_REDIRECTS: Final = 5
ALLOW: Final = "the setting [calendars] subscriptions_allow_private lets others be asked"
_CHUNK: Final = 64 * 1024
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RETRIED: Final = frozenset({429, 503})
MAX_RETRY_AFTER_S: Final = 86_400
MAX_VALIDATOR: Final = 1_000
"""Longer entity tags are not sent back."""
_SENT: Final = {
    "User-Agent": f"caldavd/{__version__}",
    "Accept": "text/calendar, */*;q=0.1",
    "Accept-Encoding": "gzip, deflate",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one fetch may take, and whether it may go into private networks."""

    max_bytes: int = 10 << 20
    timeout_s: float = 60
    allow_private: bool = False


class FeedError(Exception):
    """A feed cannot be had; the reason is for those who subscribed, and holds nothing secret."""

    def __init__(self, reason: str, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Known:
    """What a server said of the feed that we have."""

    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed, in plain; no body: it is as we have it."""

    body: BytesIO | None = field(repr=False)
    known: Known


class PublicResolver(AbstractResolver):
    """Returns the public addresses of a name, and no others."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises FeedError where there is none."""
        found = await self._inner.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise FeedError(f"the host has no public address: {ALLOW}")
        return public

    async def close(self) -> None:
        """As the resolver does that this one asks."""
        await self._inner.close()


async def fetch(
    source: str, known: Known, bounds: Bounds, resolver: AbstractResolver | None = None
) -> Fetched:
    """The feed of a URL, unless it did not change since. Raises FeedError.

    `resolver` is asked for addresses, instead of the system; its answers are not trusted either.
    """
    try:
        async with asyncio.timeout(bounds.timeout_s), _session(bounds, resolver) as session:
            return await Visit(session, bounds, known).follow(source)
    except TimeoutError:
        raise FeedError(f"there was no whole answer within {bounds.timeout_s:g} s") from None
    except aiohttp.ClientSSLError:
        raise FeedError("the host's certificate cannot be verified") from None
    except (aiohttp.ClientConnectorError, OSError):
        raise FeedError("the host cannot be found or reached") from None
    except (aiohttp.ClientError, ValueError, zlib.error) as error:
        raise FeedError(f"the answer is broken ({type(error).__name__})") from None


def _session(bounds: Bounds, resolver: AbstractResolver | None) -> aiohttp.ClientSession:
    inner = resolver or ThreadedResolver()
    guarded = inner if bounds.allow_private else PublicResolver(inner)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=guarded, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30),
        auto_decompress=False,
        trust_env=False,
    )


def url_of(source: str) -> URL:
    """The URL to be asked. Raises FeedError for what is none, or not one of the web."""
    try:
        url = URL(source.strip())
        if url.scheme == "webcal":
            url = URL("https" + source.strip()[len("webcal") :])
        port, host = url.port, url.raw_host
    except ValueError:
        raise FeedError("this is no URL") from None
    if url.scheme not in ("http", "https") or not host or port is None:
        raise FeedError("a feed's URL begins with http://, https:// or webcal://, and has a host")
    return url


@dataclass(frozen=True, slots=True)
class Visit:
    """One fetch, from place to place."""

    session: aiohttp.ClientSession
    bounds: Bounds
    known: Known

    async def follow(self, source: str) -> Fetched:
        """Asks, and goes where it is sent, each place judged anew."""
        first = url = url_of(source)
        for _ in range(MAX_REDIRECTS + 1):
            self._require_allowed(url)
            headers = self._headers()
            if first.user is not None and url.origin() == first.origin():
                # A password is for the host that it was given for.
                headers["Authorization"] = _basic(first.user, first.password or "")
            request = self.session.get(url.with_user(None), headers=headers, allow_redirects=False)
            async with request as response:
                if response.status not in _MOVED:
                    return await self._read(response)
                url = _next(url, response.headers.get("Location", ""))
        raise FeedError(f"it is moved more than {MAX_REDIRECTS} times")

    def _require_allowed(self, url: URL) -> None:
        if self.bounds.allow_private:
            return
        host = url.raw_host or ""
        # What is written as an address is asked of no resolver.
        if looks_numeric(host) and not is_public(host):
            raise FeedError(f"its address is not public: {ALLOW}")
        if not may_serve(url.port or 0):
            raise FeedError("its port is none of a web server")

    def _headers(self) -> dict[str, str]:
        headers = dict(_SENT)
        if self.known.etag:
            headers["If-None-Match"] = self.known.etag
        if self.known.modified:
            headers["If-Modified-Since"] = self.known.modified
        return headers

    async def _read(self, response: aiohttp.ClientResponse) -> Fetched:
        if response.status == 304 and self.known != Known():
            return Fetched(None, self.known)
        if response.status != 200:
            after = _retry_after(response) if response.status in _RETRIED else 0
            raise FeedError(f"the host answers with status {response.status}", after)
        body = await self._body(response)
        headers = response.headers
        return Fetched(
            body, Known(_validator(headers, "ETag"), _validator(headers, "Last-Modified"))
        )

    async def _body(self, response: aiohttp.ClientResponse) -> BytesIO:
        """The body, unpacked; never more of it than may be."""
        unpack = _Unpacker(response.headers.get("Content-Encoding", ""), self.bounds.max_bytes)
        body = BytesIO()
        if (response.content_length or 0) > self.bounds.max_bytes:
            raise _too_long(self.bounds.max_bytes)
        async for chunk in response.content.iter_chunked(_CHUNK):
            body.write(unpack(chunk))
        unpack.end()
        body.seek(0)
        return body


class _Unpacker:
    """Takes a content coding off, as far as the result may be long."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        coding = coding.strip().lower()
        if coding not in ("", "identity", *_WINDOWS):
            raise FeedError("it is packed in a way that was not asked for")
        window = _WINDOWS.get(coding)
        self._inner = None if window is None else zlib.decompressobj(window)
        self._max = self._left = max_bytes

    def __call__(self, chunk: bytes) -> bytes:
        plain = chunk if self._inner is None else self._inner.decompress(chunk, self._left + 1)
        self._left -= len(plain)
        if self._left < 0:
            raise _too_long(self._max)
        return plain

    def end(self) -> None:
        """Raises FeedError where something is missing."""
        if self._inner is not None and not self._inner.eof:
            raise FeedError("it ends in the middle")


def _too_long(max_bytes: int) -> FeedError:
    return FeedError(f"it is longer than {max_bytes} bytes")


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _next(url: URL, location: str) -> URL:
    """Where a redirection leads."""
    to = url_of(str(url.with_user(None).join(URL(location)))) if location else None
    if to is None or to.user is not None:
        raise FeedError("it is moved to nowhere")
    if url.scheme == "https" and to.scheme != "https":
        raise FeedError("it is moved to a place without TLS")
    return to


def _validator(headers: Mapping[str, str], name: str) -> str | None:
    """What can be kept, and sent back as it came: printable ASCII (RFC 9110 §5.5)."""
    value = headers.get(name)
    if value is None or len(value) > MAX_VALIDATOR:
        return None
    return value if value.isascii() and value.isprintable() else None


def _retry_after(response: aiohttp.ClientResponse) -> int:
    text = response.headers.get("Retry-After", "")
    return min(int(text), MAX_RETRY_AFTER_S) if text.isascii() and text.isdigit() else 0
