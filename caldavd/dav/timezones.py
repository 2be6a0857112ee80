"""The time zone data distribution service (RFC 7808): the zone database, for clients to read."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from caldavd.dav import zone_list
from caldavd.dav.message import Headers, Request, Response
from caldavd.dav.path import Urls, path_of
from caldavd.dav.zone_list import Listing, Zone
from caldavd.ical import tzif, vtimezone
from caldavd.ical.tzif import LAST_YEAR
from caldavd.ical.tznames import names
from caldavd.ical.vtimezone import Range

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_JSON: Final = "application/json; charset=utf-8"
_PROBLEM: Final = "application/problem+json; charset=utf-8"
_ERRORS: Final = "urn:ietf:params:tzdist:error:"
_CACHED: Final = ("Cache-Control", "private, max-age=86400")
"""Clients ask once a day (§4.1.4)."""
_INSTANT: Final = re.compile(r"(?!000[01]|9999)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LAST: Final = int(datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_TOKEN: Final = re.compile(r"[\w.]+-[0-9a-f]{12}-[0-9]+", re.ASCII)
"""The form of `zone_list.Listing.token`, of whatever release."""
_PATTERN: Final = re.compile(r"(\*?)((?:[^*\\]|\\[*\\])*?)(\*?)")
MAX_PATTERN: Final = 200
_ACCEPTED: Final = ("text/calendar", "text/*", "*/*")


class _Problem(Exception):
    """What an action says instead of an answer (RFC 7807)."""

    def __init__(self, status: int, code: str, title: str, headers: Headers = ()) -> None:
        super().__init__(title)
        self.status, self.code, self.title, self.headers = status, code, title, headers


@dataclass(frozen=True, slots=True)
class _Call:
    """A request of the service: the path below its own, and what its query says."""

    urls: Urls
    segments: tuple[str, ...]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def one(self, name: str) -> str | None:
        """A parameter that is there at most once. Raises _Problem."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise _Problem(400, f"invalid-{name}", f"{name} is there more than once")
        return values[0] if values else None


def is_below(raw_path: str, urls: Urls) -> bool:
    """Whether a request is one of the service."""
    if "/timezones" not in raw_path:
        return False
    path = path_of(raw_path)
    return path == urls.timezones or path.startswith(urls.timezones + "/")


async def answer(urls: Urls, request: Request) -> Response:
    """What the service says; errors are problem details. Files are read in a thread."""
    return await asyncio.to_thread(_answered, urls, request)


def _answered(urls: Urls, request: Request) -> Response:
    try:
        if request.method not in ("GET", "HEAD"):
            allowed = (("Allow", "GET, HEAD"),)
            raise _Problem(405, "invalid-action", "the service is only read", allowed)
        return _action(_call(urls, request))
    except _Problem as problem:
        body = {
            "type": _ERRORS + problem.code,
            "title": problem.title,
            "status": problem.status,
        }
        return _json(body, problem.status, problem.headers, media_type=_PROBLEM)


def _call(urls: Urls, request: Request) -> _Call:
    below = path_of(request.raw_path).removeprefix(urls.timezones).strip("/")
    query = request.raw_path.partition("?")[2].partition("#")[0]
    try:
        segments = tuple(unquote(one, errors="strict") for one in below.split("/"))
        found = parse_qs(query, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise _Problem(400, "invalid-action", "the URL is no sound UTF-8") from None
    return _Call(urls, segments, found, request.headers)


def _action(call: _Call) -> Response:
    match call.segments:
        case ("capabilities",):
            return _json(_capabilities(call.urls))
        case ("leapseconds",):
            return _json(_leap_seconds())
        case ("zones",):
            return _zones(call)
        # An identifier is one segment; some do not encode the slash in it.
        case ("zones", *parts, "observances") if parts:
            return _expand(call, "/".join(parts))
        case ("zones", *parts):
            return _get(call, "/".join(parts))
    raise _Problem(404, "invalid-action", "there is no such action: see capabilities")


def _capabilities(urls: Urls) -> dict[str, Any]:
    return {
        "version": 1,
        "info": {
            "primary-source": f"{zone_list.PUBLISHER}:{zone_list.version()}",
            "formats": ["text/calendar"],
            "truncated": {"any": True, "untruncated": True},
        },
        "actions": [
            {
                "name": name,
                "uri-template": urls.timezones + template,
                "parameters": [
                    {"name": parameter, "required": required, "multi": False}
                    for parameter, required in parameters
                ],
            }
            for name, template, parameters in _ACTIONS
        ],
    }


_ACTIONS: Final = (
    ("capabilities", "/capabilities", ()),
    ("list", "/zones{?changedsince}", (("changedsince", False),)),
    ("get", "/zones{/tzid}{?start,end}", (("start", False), ("end", False))),
    ("expand", "/zones{/tzid}/observances{?start,end}", (("start", True), ("end", True))),
    ("find", "/zones{?pattern}", (("pattern", True),)),
    ("leapseconds", "/leapseconds", ()),
)


def _zones(call: _Call) -> Response:
    """list or find: they differ by their parameter."""
    pattern, since = call.one("pattern"), call.one("changedsince")
    found = zone_list.listing()
    if pattern is not None:
        return _json(_listed(found, _matching(found.zones, pattern)))
    if since is not None and _TOKEN.fullmatch(since) is None:
        raise _Problem(400, "invalid-changedsince", "changedsince is a synctoken of a list")
    # What has changed since an older state is not known: it may be anything.
    return _json(_listed(found, () if since == found.token else found.zones))


def _listed(listing: Listing, zones: Iterable[Zone]) -> dict[str, Any]:
    return {
        "synctoken": listing.token,
        "timezones": [
            {
                "tzid": zone.tzid,
                "etag": zone.etag,
                "last-modified": _written(zone.modified),
                "publisher": zone_list.PUBLISHER,
                "version": listing.version,
                "aliases": list(zone.aliases),
            }
            for zone in zones
        ],
    }


def _matching(zones: Iterable[Zone], pattern: str) -> list[Zone]:
    """The zones one of whose names matches (§5.5). Raises _Problem."""
    found = _PATTERN.fullmatch(pattern)
    if not pattern or len(pattern) > MAX_PATTERN or found is None:
        raise _Problem(400, "invalid-pattern", "a pattern is a text, * before or behind it")
    ends, starts = bool(found[1]), bool(found[3])
    text = _comparable(re.sub(r"\\(.)", r"\1", found[2]))
    test: Callable[[str], bool] = text.__eq__
    if ends and starts:
        test = lambda name: text in name  # noqa: E731
    elif ends or starts:
        test = lambda name: name.endswith(text) if ends else name.startswith(text)  # noqa: E731
    return [
        zone for zone in zones if any(test(_comparable(one)) for one in (zone.tzid, *zone.aliases))
    ]


def _comparable(name: str) -> str:
    return name.replace("_", " ").lower()


def _get(call: _Call, tzid: str) -> Response:
    within = Range(_instant(call, "start"), _instant(call, "end"))
    _require_order(within)
    tag, headers = _validators(call, tzid, within)
    if not _is_accepted(call.headers.get("Accept", "")):
        raise _Problem(406, "invalid-format", "zones are text/calendar")
    if _is_known(tag, call.headers.get("If-None-Match", "")):
        return Response(304, headers)
    text = vtimezone.timezone_text(tzid, within, zone_list.aliases().get(tzid, ""))
    headers = (("Content-Type", MEDIA_TYPE), *headers)
    return Response(200, headers, vtimezone.in_calendar(text).encode())


def _expand(call: _Call, tzid: str) -> Response:
    start, end = _instant(call, "start"), _instant(call, "end")
    for name, value in (("start", start), ("end", end)):
        if value is None:
            raise _Problem(400, f"invalid-{name}", f"expand needs {name}")
    within = Range(start, end)
    _require_order(within)
    if start is not None and start >= _LAST:
        raise _Problem(400, "invalid-start", f"zones are expanded to {LAST_YEAR}")
    _, headers = _validators(call, tzid, within)
    body: dict[str, Any] = {"tzid": tzid}
    if end is not None and end > _LAST:
        body["end"] = _written(datetime.fromtimestamp(_LAST, UTC))
    body["observances"] = [
        {
            "name": "Daylight" if vtimezone.is_daylight(change) else "Standard",
            "onset": _written(datetime.fromtimestamp(change.at, UTC)),
            "utc-offset-from": change.before.offset,
            "utc-offset-to": change.after.offset,
        }
        for change in vtimezone.changes(tzif.history(tzid), within)
    ]
    return _json(body, 200, headers)


def _leap_seconds() -> dict[str, Any]:
    try:
        expires, found = zone_list.leap_seconds()
    except LookupError as error:
        raise _Problem(404, "invalid-action", str(error)) from None
    return {
        "expires": expires.isoformat(),
        "publisher": zone_list.PUBLISHER,
        "version": zone_list.version(),
        "leapseconds": [
            {"utc-offset": offset, "onset": onset.isoformat()} for offset, onset in found
        ],
    }


def _validators(call: _Call, tzid: str, within: Range) -> tuple[str, Headers]:
    """The tag of what is shown of a zone, and the headers that say so. Raises _Problem."""
    if tzid not in names():
        raise _Problem(404, "tzid-not-found", "there is no time zone of that name")
    tag = zone_list.etag(tzid)
    if within != Range():
        tag = f"{tag}-{within.start}-{within.end}"
    return tag, (("ETag", f'"{tag}"'), _CACHED, ("Vary", "Accept"))


def _instant(call: _Call, name: str) -> int | None:
    """A moment in UTC in a parameter, in epoch seconds. Raises _Problem."""
    value = call.one(name)
    if value is None:
        return None
    try:
        if _INSTANT.fullmatch(value) is None:
            raise ValueError
        return int(datetime.fromisoformat(value).timestamp())
    except ValueError:
        reason = f"{name} is a moment in UTC, like 2026-01-01T00:00:00Z"
        raise _Problem(400, f"invalid-{name}", reason) from None


def _require_order(within: Range) -> None:
    if within.start is not None and within.end is not None and within.end <= within.start:
        raise _Problem(400, "invalid-end", "end is later than start")


def _is_accepted(accept: str) -> bool:
    if not accept.strip():
        return True
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        if name.strip().lower() in _ACCEPTED:
            return re.search(r"(?:^|;)\s*q=0(?:\.0*)?\s*(?:;|$)", parameters) is None
    return False


def _is_known(tag: str, if_none_match: str) -> bool:
    known = {part.strip().removeprefix("W/").strip('"') for part in if_none_match.split(",")}
    return tag in known or "*" in known


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _json(
    content: Mapping[str, Any],
    status: int = 200,
    headers: Headers = (("Cache-Control", "private, no-cache"),),
    *,
    media_type: str = _JSON,
) -> Response:
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(status, (("Content-Type", media_type), *headers), body)
