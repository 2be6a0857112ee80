"""A calendar made, written to, synchronised and deleted, as a client does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from caldavd.doctor.client import Answer, Client, Entry, multistatus, root
from caldavd.doctor.report import Cure, Report
from caldavd.errors import Failed
from caldavd.names import DAV

ICALENDAR: Final = "text/calendar; charset=utf-8"
LARGE_BYTES: Final = 2_000_000
"""More than the 1 MB that nginx takes unless it is told otherwise."""

_MKCALENDAR: Final = (
    '<C:mkcalendar xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><set><prop>'
    "<displayname>caldavd doctor</displayname></prop></set></C:mkcalendar>"
)
_SYNC: Final = (
    '<sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level>'
    "<prop><getetag/></prop></sync-collection>"
)
_BLOCKED: Final = (400, 403, 405, 501)


@dataclass(frozen=True, slots=True)
class Written:
    """An object that was put: where, its text, and its entity tag as the PUT told it."""

    href: str
    text: str
    etag: str | None


async def make_calendar(client: Client, calendar: str, report: Report) -> None:
    """MKCALENDAR (RFC 4791 §5.3.1)."""
    answer = await client.send("MKCALENDAR", calendar, _MKCALENDAR)
    if answer.status != 201:
        cure = Cure.METHODS if answer.status in _BLOCKED else None
        report.stop("make", f"MKCALENDAR answers {answer}, where 201 is right", cure)
    report.good("make", f"made the calendar {calendar}")


async def put(client: Client, calendar: str, report: Report) -> Written:
    """A PUT of a new object, under a name that is easily spoilt on the way (RFC 4791 §5.3.2)."""
    href = f"{calendar}caldavd%20doctor@1.ics"
    text = _event("caldavd-doctor-1", "caldavd doctor")
    answer = await client.send("PUT", href, text, Content_Type=ICALENDAR, If_None_Match="*")
    if answer.status not in (201, 204):
        cure = Cure.METHODS if answer.status in _BLOCKED else Cure.PATHS
        report.stop("write", f"PUT answers {answer}, where 201 is right", cure)
    etag = answer.headers.get("ETag")
    if etag is None:
        report.bad("write", "the ETag header of a PUT is lost", Cure.HEADERS)
    elif etag.startswith("W/"):
        report.bad("write", f"the ETag {etag} is weak", Cure.ETAG)
    else:
        report.good("write", "wrote an event")
    return Written(href, text, etag)


async def get(client: Client, written: Written, report: Report) -> None:
    """GET gives the same bytes and entity tag, compressed or not (RFC 7232 §2.3)."""
    for encoding in ("identity", "gzip"):
        answer = await client.send("GET", written.href, Accept_Encoding=encoding)
        if answer.status != 200 or answer.body.decode(errors="replace") != written.text:
            words = f"GET answers {answer}" + (" with another text" * (answer.status == 200))
            report.bad("read", f"{words}, where what was written is right", Cure.PATHS)
            return
        etag = answer.headers.get("ETag", "")
        if written.etag is not None and etag != written.etag:
            how = "compressed" if answer.compressed else "plain"
            report.bad(
                "read",
                f"a {how} GET has the ETag {etag or 'missing'}, the PUT had {written.etag}: clients"
                " that change the event are answered 412",
                Cure.ETAG,
            )
            return
    report.good("read", "read it back, byte for byte")


async def check_conditions(client: Client, written: Written, report: Report) -> None:
    """If-None-Match and If-Match reach the server (RFC 7232 §3)."""
    if written.etag is None:
        return
    unchanged = await client.send("GET", written.href, If_None_Match=written.etag)
    if unchanged.status != 304:
        report.doubtful(
            "conditions", f"a conditional GET answers {unchanged}, where 304 is right", Cure.HEADERS
        )
    wrong = await client.send(
        "PUT", written.href, written.text, Content_Type=ICALENDAR, If_Match='"caldavd-doctor"'
    )
    if wrong.status != 412:
        report.bad(
            "conditions",
            f"a PUT with a wrong If-Match answers {wrong}, where 412 is right: clients overwrite "
            "each other's changes",
            Cure.HEADERS,
        )
        return
    report.good("conditions", "a client cannot overwrite what it has not seen")


async def put_large(client: Client, calendar: str, report: Report) -> None:
    """A PUT that is larger than proxies take by default."""
    lines = "".join(f" {'x' * 73}\r\n" for _ in range(LARGE_BYTES // 76))
    text = _event("caldavd-doctor-2", f"caldavd doctor\r\nDESCRIPTION:\r\n{lines}".rstrip())
    answer = await client.send(
        "PUT", f"{calendar}large.ics", text, Content_Type=ICALENDAR, If_None_Match="*"
    )
    if answer.status in (201, 204):
        report.good("large", f"wrote an event of {LARGE_BYTES // 1_000_000} MB")
    else:
        report.bad(
            "large",
            f"a PUT of {LARGE_BYTES // 1_000_000} MB answers {answer}, where 201 is right",
            Cure.BODY_SIZE,
        )


async def sync(client: Client, calendar: str, written: Written, report: Report) -> str | None:
    """The first synchronisation lists what was written (RFC 6578 §3.3); its token, if it does."""
    answer = await client.send("REPORT", calendar, _SYNC.format(""), Depth="1")
    found = _report(answer, "sync", report)
    if found is None:
        return None
    entries, token = found
    paths = [urlsplit(entry.href) for entry in entries]
    elsewhere = [p for p in paths if p.netloc and f"{p.scheme}://{p.netloc}" != client.origin]
    if elsewhere:
        report.bad("sync", f"hrefs are at {elsewhere[0].netloc}, not here", Cure.FORWARDED)
    elif unquote(written.href) not in [unquote(p.path) for p in paths]:
        report.bad("sync", f"{written.href} is not among the hrefs of a sync", Cure.PATHS)
    else:
        report.good("sync", "a first synchronisation lists it")
        return token
    return None


async def move(client: Client, written: Written, calendar: str, report: Report) -> Written:
    """MOVE takes a whole URL as its Destination, and the server must know it (RFC 4918 §10.3)."""
    target = f"{calendar}moved.ics"
    answer = await client.send("MOVE", written.href, Destination=client.url(target), Overwrite="F")
    if answer.status in (201, 204):
        report.good("move", "moved it")
        return Written(target, written.text, written.etag)
    cure = Cure.METHODS if answer.status in (405, 501) else Cure.FORWARDED
    report.bad("move", f"MOVE to {client.url(target)} answers {answer}, 201 is right", cure)
    return written


async def delete(client: Client, written: Written, report: Report) -> None:
    """DELETE of the object (RFC 4918 §9.6)."""
    answer = await client.send("DELETE", written.href)
    if answer.status not in (200, 204):
        cure = Cure.METHODS if answer.status in _BLOCKED else None
        report.bad("delete", f"DELETE answers {answer}, where 204 is right", cure)
    else:
        report.good("delete", "deleted it")


async def sync_again(
    client: Client, calendar: str, written: Written, token: str | None, report: Report
) -> None:
    """The next synchronisation tells that the object is not where it was (RFC 6578 §3.5)."""
    if token is None:
        return
    answer = await client.send("REPORT", calendar, _SYNC.format(token), Depth="1")
    found = _report(answer, "sync", report)
    if found is None:
        return
    gone = [unquote(urlsplit(e.href).path) for e in found[0] if e.status == 404]
    if unquote(written.href) in gone:
        report.good("sync", "the next one tells that it is gone")
    else:
        report.bad("sync", f"{written.href} is gone, and a sync does not tell")


async def remove_calendar(client: Client, calendar: str, report: Report) -> None:
    """DELETE of the calendar, whatever was found before."""
    answer = await client.send("DELETE", calendar)
    if answer.status in (200, 204, 404):
        report.good("remove", "deleted the calendar")
    else:
        report.bad("remove", f"DELETE of {calendar} answers {answer}: delete it in a client")


def _report(answer: Answer, check: str, report: Report) -> tuple[list[Entry], str] | None:
    try:
        return multistatus(answer), root(answer).findtext(DAV + "sync-token") or ""
    except Failed as error:
        cure = Cure.METHODS if answer.status in _BLOCKED else None
        report.bad(check, f"REPORT: {error.reason}", cure)
        return None


def _event(uid: str, summary: str) -> str:
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//caldavd//doctor//EN",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20260101T000000Z",
            "DTSTART:20260101T100000Z",
            "DTEND:20260101T110000Z",
            f"SUMMARY:{summary}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    )
