"""A request and a response, without sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache

Headers = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def http_date(seconds: int) -> str:
    """An instant as headers and getlastmodified write it (RFC 9110 §5.6.7)."""
    return formatdate(seconds, usegmt=True)


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. `headers` ignore letter case; `body` is whole and inflated."""

    method: str
    raw_path: str
    """As on the request line: encoded, perhaps absolute, perhaps with a query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""
    """The client's address, as far as trusted proxies tell it."""
    scheme: str = "http"
    host: str = ""
    id: str = ""
    read: Callable[[], Awaitable[bytes]] | None = None
    """Reads the body, where it is still on the wire. Raises Failed(400, 413)."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back."""

    status: int
    headers: Headers = ()
    body: bytes = b""
