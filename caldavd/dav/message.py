"""A request and a response, without sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from caldavd.model import Stored

Headers = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def http_date(seconds: int) -> str:
    """An instant as headers and getlastmodified write it (RFC 9110 §5.6.7)."""
    return formatdate(seconds, usegmt=True)


def schedule_tag(of: Stored) -> Headers:
    """The Schedule-Tag of a scheduling object resource (RFC 6638 §8.2); nothing for others."""
    return () if of.schedule_tag is None else (("Schedule-Tag", f'"{of.schedule_tag}"'),)


class Request(NamedTuple):
    """What a client sent. `headers` ignore letter case; `body` is whole and inflated."""

    method: str
    raw_path: str
    """As on the request line: encoded, perhaps absolute, perhaps with a query."""
    headers: Mapping[str, str] = MappingProxyType({})
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
    more: tuple[bytes, ...] = ()
    """What follows `body`: a large answer is never in memory in one piece."""

    @property
    def size(self) -> int:
        """Octets of the whole body."""
        return len(self.body) + sum(map(len, self.more))
