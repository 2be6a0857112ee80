"""Calendars for outsiders by secret URLs: feeds (RFC 5545, RFC 7986 §5) and free/busy."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import parse_qs

from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions, State
from caldavd.dav.message import Headers, Request, Response, http_date
from caldavd.dav.path import FEEDS, FREE_BUSY, Urls
from caldavd.dav.publisher import Publisher
from caldavd.dav.server import Server
from caldavd.errors import Failed, not_found
from caldavd.ical import freebusy
from caldavd.ical.combine import PRODUCT
from caldavd.model import Mode, Principal, Window
from caldavd.service import publish
from caldavd.service.named import url_name
from caldavd.service.publish import Published, Use
from caldavd.store import principals
from caldavd.store.engine import ReadTx

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
RENDERING: Final = 1
"""Raised when the same calendar is written otherwise than before: entity tags are strong."""
DEFAULT_SPAN: Final = timedelta(days=62)
MAX_SPAN: Final = timedelta(days=400)

_PATH: Final = re.compile(rf"/({FEEDS}|{FREE_BUSY})/([^?#]*)")
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_SUFFIX: Final = {FEEDS: ".ics", FREE_BUSY: ".ifb"}
_LONG: Final = re.compile(r"[\w%-]{20,}", re.ASCII)
"""What may be a secret, with characters escaped or lost."""
_GZIP_BITS: Final = 31
_SENT: Final = (
    ("Cache-Control", "private, no-cache"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
)
"""The URL is the key: nobody is to keep it, nor what it opens, without asking again."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The secret in a URL, what it is to open, and how."""

    kind: str
    secret: str
    query: str
    headers: Mapping[str, str]

    @property
    def gzip(self) -> bool:
        return _accepts_gzip(self.headers.get("Accept-Encoding", ""))


def is_below(raw_path: str, urls: Urls) -> bool:
    """Whether a request is one by a link."""
    if f"/{FEEDS}/" not in raw_path and f"/{FREE_BUSY}/" not in raw_path:
        return False
    return _match(raw_path, urls) is not None


def hidden(raw_path: str, urls: Urls) -> str:
    """The path of a request as logs may show it: a link's secret is not, however it is misspelt."""
    if raw_path.startswith((urls.homes, urls.principals, urls.timezones)) and ".." not in raw_path:
        return raw_path
    found = _match(raw_path, urls)
    if found is not None:
        return f"/{found[1]}/***{_SUFFIX[found[1]]}"
    return _LONG.sub("***", raw_path)


async def answer(server: Server, request: Request) -> Response:
    """What a link opens. Raises Failed: 404 for one that is none, 405, 429 for who guesses."""
    if request.method not in ("GET", "HEAD"):
        raise Failed(405, "links are only read", headers=(("Allow", "GET, HEAD"),))
    now, publisher = server.clock(), server.publisher
    asked = _asked(server, request)
    found = await server.db.read(partial(publish.find, secret=asked.secret), snapshot=False)
    if found is None or (asked.kind == FREE_BUSY) != (found.link.mode == Mode.FREE_BUSY):
        note_guess(publisher, request.peer, now)
        raise not_found("this link")
    if asked.kind == FREE_BUSY:
        response = await _free_busy(server, asked, now)
    else:
        response = await _feed(server, asked, found)
    publisher.used(Use(found.link.id, now))
    return response


def note_guess(publisher: Publisher, peer: str, now: int) -> None:
    """Raises Failed(429) for those who guess too often. Links that lead somewhere do, even so:

    many people share an address, and no secret is found by guessing.
    """
    refusal_s = publisher.guesses.refusal(peer, now)
    if refusal_s > 0:
        after = str(math.ceil(refusal_s))
        raise Failed(429, "too many links that lead nowhere", headers=(("Retry-After", after),))
    publisher.guesses.guessed(peer, now)


def _accepts_gzip(header: str) -> bool:
    """Whether it is named, and not with a weight of nothing (RFC 9110 §12.5.3)."""
    for one in header.lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return weight.replace(" ", "").partition("q=")[2].strip("0.") != "" or not weight
    return False


def _match(raw_path: str, urls: Urls) -> re.Match[str] | None:
    path = _HOST.sub("", raw_path, count=1) if raw_path[:1] != "/" else raw_path
    return _PATH.match(path.removeprefix(urls.prefix) if urls.prefix else path)


def _asked(server: Server, request: Request) -> _Asked:
    found = _match(request.raw_path, server.urls)
    kind, name = ("", "") if found is None else found.groups()
    secret = name.removesuffix(_SUFFIX.get(kind, ""))
    query = request.raw_path.partition("?")[2].partition("#")[0]
    # A name without its suffix is no secret of ours either.
    return _Asked(kind, secret if secret != name else "", query, request.headers)


# --- Feeds ---


async def _feed(server: Server, asked: _Asked, found: Published) -> Response:
    """200 or 304; of a calendar that did not change since, no text is read."""
    demanded = conditions.parse(asked.headers)
    known = _unchanged(demanded, asked, found)
    if known is not None:
        return known
    publisher = server.publisher
    async with publisher.turn:
        kept = publisher.kept.get(_tag(asked, found))
        if kept is not None:
            return _sent(asked, found, kept)

        async def work(tx: ReadTx) -> tuple[Published, list[bytes]]:
            now = await publish.find(tx, asked.secret)
            if now is None:
                raise not_found("this link")
            pack = _Packer(server.limits.max_answer_bytes, gzip=asked.gzip)
            return now, [*await publish.feed(tx, now, pack.pack), pack.end()]

        found, parts = await server.db.read(work)
    publisher.kept.put(_tag(asked, found), parts)
    return _sent(asked, found, tuple(parts))


def _unchanged(demanded: Conditions, asked: _Asked, found: Published) -> Response | None:
    state = State(True, _tag(asked, found), modified_at=found.collection.modified_at)
    if not conditions.not_modified(demanded, state):
        return None
    return Response(304, _validators(asked, found))


def _sent(asked: _Asked, found: Published, parts: tuple[bytes, ...]) -> Response:
    name = url_name(found.collection.name)
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Disposition", f'inline; filename="{name}.ics"'),
        *_validators(asked, found),
    ]
    if asked.gzip:
        headers.append(("Content-Encoding", "gzip"))
    return Response(200, tuple(headers), parts[0], parts[1:])


def _validators(asked: _Asked, found: Published) -> Headers:
    return (
        ("ETag", f'"{_tag(asked, found)}"'),
        ("Last-Modified", http_date(found.collection.modified_at)),
        ("Vary", "Accept-Encoding"),
        *_SENT,
    )


def _tag(asked: _Asked, found: Published) -> str:
    """Of the calendar's state, of how it is shown, and of how it is packed."""
    packed = "-gzip" if asked.gzip else ""
    return f"{found.collection.etag}-{RENDERING}{found.link.mode}{packed}"


class _Packer:
    """Pieces of text to octets, packed if that is accepted; not more of them than may be."""

    def __init__(self, max_bytes: int, *, gzip: bool) -> None:
        self._left = max_bytes
        self._packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP_BITS) if gzip else None

    def pack(self, text: str) -> bytes:
        """The next piece; some of it may come with a later one. Raises Failed(507)."""
        octets = text.encode()
        self._left -= len(octets)
        if self._left < 0:
            raise Failed(507, "this calendar is too large to be published")
        return octets if self._packer is None else self._packer.compress(octets)

    def end(self) -> bytes:
        """What is left."""
        return b"" if self._packer is None else self._packer.flush()


# --- Free/busy ---


async def _free_busy(server: Server, asked: _Asked, now: int) -> Response:
    """A VFREEBUSY, as one publishes it (RFC 5546 §3.3.1)."""
    window = _window(asked.query, now)

    async def work(tx: ReadTx) -> bytes:
        found = await publish.find(tx, asked.secret)
        if found is None:
            raise not_found("this link")
        owner = await principals.by_id(tx, found.collection.owner_id)
        periods = await publish.busy(tx, found, window, server.limits.max_instances)
        lines = [f"UID:{found.collection.uuid}", *_organizer(owner)]
        stamp = datetime.fromtimestamp(now, UTC)
        text = freebusy.vfreebusy(periods, window, stamp, lines)
        return freebusy.calendar(text, PRODUCT, "PUBLISH").encode()

    body = await server.db.read(work)
    return Response(200, (("Content-Type", MEDIA_TYPE), *_SENT), body)


def _organizer(owner: Principal | None) -> list[str]:
    if owner is None or not owner.addresses:
        return []
    return [f"ORGANIZER:mailto:{owner.addresses[0]}"]


def _window(query: str, now: int) -> Window:
    """From `start`, else from today's first second, to `end`, else two months on.

    Raises Failed(400).
    """
    try:
        said = parse_qs(query, max_num_fields=20)
    except ValueError:
        raise Failed(400, "the query has too many parts") from None
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    start = _instant(said, "start") or today
    try:
        end = _instant(said, "end") or start + DEFAULT_SPAN
    except OverflowError:
        raise Failed(400, "start is too late") from None
    if not start < end <= start + MAX_SPAN:
        raise Failed(400, f"end is later than start, by at most {MAX_SPAN.days} days")
    return Window(start, end)


def _instant(said: Mapping[str, list[str]], name: str) -> datetime | None:
    """A date or an instant, as iCalendar or as ISO 8601 writes it; UTC if it has no offset."""
    values = said.get(name, [])
    if not values:
        return None
    try:
        [text] = values
        # A plus that nobody encoded is a blank by now.
        read = datetime.fromisoformat(text.replace(" ", "+"))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Failed(400, f"{name} is a date or an instant, like 20261121T090000Z") from None
