"""HTTP as a calendar client speaks it: nothing is followed, undone or made nicer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from caldavd import __version__
from caldavd.errors import Failed, Refused
from caldavd.names import DAV
from caldavd.xml.parse import Element, parse

TIMEOUT_S: Final = 30
HTTPS: Final = 443
AGENT: Final = f"caldavd-doctor/{__version__}"
XML: Final = "application/xml; charset=utf-8"
MAX_BODY_BYTES: Final = 1 << 24


class Unreachable(Exception):
    """No answer came; `certificate` if it is the certificate that was not accepted."""

    def __init__(self, reason: str, *, certificate: bool = False) -> None:
        super().__init__(reason)
        self.certificate = certificate


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password of the account that the doctor logs in with."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The Authorization header (RFC 7617)."""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; headers ignore letter case, the body is uncompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    compressed: bool

    def __str__(self) -> str:
        server = self.headers.get("Server", "")
        return f"{self.status}" + (f" from {server}" if server else "")


class Client:
    """Requests to one server, with or without a login."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        login: Credentials,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._session = session
        self._tls = tls
        self.base = base.rstrip("/")
        self.login = login

    @property
    def origin(self) -> str:
        """Scheme and host, without a path."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> str:
        """The path below which a proxy shows the server; often empty."""
        return urlsplit(self.base).path

    def url(self, href: str) -> str:
        """The whole URL of an href."""
        return urljoin(self.origin + "/", href)

    async def certificate(self) -> Mapping[str, Any]:
        """What a TLS connection of its own is shown; empty if any certificate is taken.

        The connections of requests are given back before anybody could ask them.
        """
        if self._tls is None:
            return {}
        parts = urlsplit(self.base)
        opening = asyncio.open_connection(parts.hostname, parts.port or HTTPS, ssl=self._tls)
        try:
            _, writer = await asyncio.wait_for(opening, TIMEOUT_S)
        except OSError as error:  # a TimeoutError is one
            raise Unreachable(f"no TLS connection: {_words(error)}", certificate=True) from error
        shown = writer.get_extra_info("peercert")
        writer.close()
        return shown or {}

    async def send(
        self,
        method: str,
        href: str,
        body: str | bytes = b"",
        *,
        login: bool = True,
        **headers: str,
    ) -> Answer:
        """One request and its answer. `If_Match` is the header If-Match. Raises Unreachable."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Accept-Encoding", "identity")
        if login:
            sent["Authorization"] = self.login.header
        content = body.encode() if isinstance(body, str) else body
        if content:
            sent.setdefault("Content-Type", XML)
        try:
            async with self._session.request(
                method,
                URL(self.url(href), encoded=True),
                data=io.BytesIO(content) if content else None,
                headers=sent,
                allow_redirects=False,
            ) as response:
                return await _read(response)
        except aiohttp.ClientConnectorCertificateError as error:
            raise Unreachable(_words(error.certificate_error), certificate=True) from error
        except aiohttp.ClientSSLError as error:
            raise Unreachable(f"no TLS connection: {_words(error)}", certificate=True) from error
        except TimeoutError as error:
            raise Unreachable(f"no answer to {method} within {TIMEOUT_S} s") from error
        except aiohttp.ClientError as error:
            raise Unreachable(f"no answer to {method}: {_words(error)}") from error


@asynccontextmanager
async def connected(base: str, login: Credentials, *, insecure: bool) -> AsyncIterator[Client]:
    """A client of the server at `base`; `insecure` takes any certificate."""
    tls = None if insecure else ssl.create_default_context()
    connector = aiohttp.TCPConnector(ssl=tls or False)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        headers={"User-Agent": AGENT},
        auto_decompress=False,
    ) as session:
        yield Client(session, base, login, tls)


@dataclass(frozen=True, slots=True)
class Entry:
    """One response of a multistatus: its href, and its properties that have a value."""

    href: str
    status: int | None
    properties: Mapping[str, Element]


def multistatus(answer: Answer) -> list[Entry]:
    """The responses of a 207. Raises Failed(502) if it is none."""
    return [_entry(one) for one in root(answer).iterfind(DAV + "response")]


def root(answer: Answer) -> Element:
    """The multistatus element of an answer. Raises Failed(502)."""
    if answer.status != 207:
        raise Failed(502, f"the answer is {answer}, where 207 is right")
    try:
        found = parse(answer.body)
    except (Failed, Refused) as error:
        raise Failed(502, f"the answer is no XML: {error.reason}") from error
    if found.tag != DAV + "multistatus":
        raise Failed(502, f"the answer is {found.tag}, where DAV:multistatus is right")
    return found


def hrefs(entry: Entry, name: str) -> list[str]:
    """The hrefs inside one property."""
    element = entry.properties.get(name)
    found = () if element is None else element.iterfind(DAV + "href")
    return [(one.text or "").strip() for one in found]


def _entry(response: Element) -> Entry:
    href = (response.findtext(DAV + "href") or "").strip()
    properties: dict[str, Element] = {}
    for propstat in response.iterfind(DAV + "propstat"):
        if _status(propstat) == 200:
            properties.update((str(one.tag), one) for one in propstat.iterfind(f"{DAV}prop/*"))
    return Entry(href, _status(response), properties)


def _status(element: Element) -> int | None:
    words = (element.findtext(DAV + "status") or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = await response.content.read(MAX_BODY_BYTES)
    while not response.content.at_eof():
        body += await response.content.read(MAX_BODY_BYTES)
    encoding = response.headers.get("Content-Encoding", "").lower()
    return Answer(response.status, response.headers, _plain(body, encoding), bool(encoding))


def _plain(body: bytes, encoding: str) -> bytes:
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body
    return body


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
