"""URL paths: split before decoding, encoded as little as possible (RFC 3986 §2, §3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from caldavd.errors import Failed
from caldavd.model import Proxy

DAV_ROOT: Final = "dav"
TIMEZONES: Final = "timezones"
PRINCIPALS: Final = "principals"
CALENDARS: Final = "calendars"
FEEDS: Final = "feeds"
FREE_BUSY: Final = "freebusy"
RSVP: Final = "rsvp"

PROXY_GROUPS: Final = {"calendar-proxy-read": Proxy.READ, "calendar-proxy-write": Proxy.WRITE}
"""The names of a user's groups of delegates, below the user's principal."""

MAX_SEGMENT: Final = 1_000
MAX_URL: Final = 16_000
SHORT: Final = 500
"""URLs up to this long are remembered with what they say."""
_SAFE: Final = "@-._~"
_PLAIN: Final = re.compile(r"(?:/[\w@~-][\w@~.-]{0,199})+/?", re.ASCII)
"""Paths that mean what they say: no escapes, no dot segments, nothing long."""
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Controls, and what is no character in XML 1.0: names are written in answers."""


@dataclass(frozen=True, slots=True)
class Path:
    """A request's path: its decoded segments, and the spelling that the client chose."""

    segments: tuple[str, ...]
    href: str
    """Encoded as sent, without a query, with the prefix, without a trailing slash."""

    @property
    def as_collection(self) -> str:
        """The spelling of a collection: with a slash at the end."""
        return self.href + "/"


@dataclass(frozen=True, slots=True)
class Urls:
    """Hrefs that do not depend on what the client sent; `prefix` is where a proxy mounts us."""

    prefix: str = ""
    timezone_services: tuple[str, ...] = ()
    """Those that clients are sent to; none: to ours."""

    @property
    def timezones(self) -> str:
        """The context path of our time zone service (RFC 7808 §4.2.1)."""
        return f"{self.prefix}/{TIMEZONES}"

    @property
    def rsvp(self) -> str:
        """Below which the pages are on which invitations are answered."""
        return f"{self.prefix}/{RSVP}/"

    @property
    def root(self) -> str:
        return f"{self.prefix}/{DAV_ROOT}/"

    @property
    def principals(self) -> str:
        return f"{self.prefix}/{DAV_ROOT}/{PRINCIPALS}/"

    def principal(self, name: str) -> str:
        return f"{self.principals}{encode(name)}/"

    def proxy_group(self, owner: str, level: Proxy) -> str:
        """The principal of those who act for a user at a level."""
        name = next(name for name, of in PROXY_GROUPS.items() if of is level)
        return f"{self.principal(owner)}{name}/"

    @property
    def homes(self) -> str:
        return f"{self.prefix}/{DAV_ROOT}/{CALENDARS}/"

    def home(self, name: str) -> str:
        return f"{self.homes}{encode(name)}/"

    def parse(self, raw: str) -> Path:
        """The path of a request line or a Destination. Raises Failed(400)."""
        if len(raw) > MAX_URL:
            raise Failed(400, f"a URL is at most {MAX_URL} characters long")
        return (_parse_again if len(raw) <= SHORT else _parse)(raw, self.prefix)


@lru_cache(maxsize=1024)
def encode(name: str) -> str:
    """One segment, percent-encoded; `@` stays as it is."""
    return quote(name, safe=_SAFE)


def path_of(raw: str) -> str:
    """The path in a request target, which may be an absolute URI and hold a query.

    Raises Failed(400).
    """
    if not raw.startswith("/"):
        raw = _split(raw).path or "/"
    return raw.partition("?")[0].partition("#")[0]


def host_of(raw: str) -> str | None:
    """The host in an absolute URI; None in a path. Raises Failed(400)."""
    return _split(raw).hostname


def _split(raw: str) -> SplitResult:
    try:
        return urlsplit(raw)
    except ValueError:
        raise Failed(400, "this is no URL") from None


def _parse(raw: str, prefix: str) -> Path:
    path = path_of(raw)
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        path = path[len(prefix) :]
    stripped = path.strip("/")
    if _PLAIN.fullmatch(path):
        segments = tuple(stripped.split("/"))
    else:
        segments = tuple(map(_decode, stripped.split("/"))) if stripped else ()
    return Path(segments, f"{prefix}/{stripped}" if stripped else prefix)


_parse_again: Final = lru_cache(maxsize=2048)(_parse)


def _decode(segment: str) -> str:
    try:
        name = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Failed(400, "the URL holds bytes that are not UTF-8") from None
    if name in ("", ".", ".."):
        raise Failed(400, "the URL has an empty segment or a dot segment: send it resolved")
    if len(name) > MAX_SEGMENT:
        raise Failed(400, f"a segment of the URL is longer than {MAX_SEGMENT} characters")
    if _UNFIT.search(name):
        raise Failed(400, "the URL holds a control, or a character that XML cannot hold")
    return name
