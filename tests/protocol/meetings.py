"""Meetings as clients put them, and what is left of them in the calendars of others."""

from __future__ import annotations

import re
from dataclasses import replace

from caldavd.dav.server import Server
from caldavd.service.routes import Rules
from caldavd.workers.deliver import Deliverer
from tests.protocol.client import Client
from tests.unit.builders import CRLF, event

TIMES = {"start": "20260907T100000Z", "end": "20260907T110000Z"}
SOON_S = 20


def mailto(name: str) -> str:
    return f"mailto:{name}@example.org"


def scheduling(server: Server) -> tuple[Server, Deliverer]:
    """A server that delivers what it is left, before it answers."""
    rules = Rules(domain="example.org", language=server.language)
    deliverer = Deliverer(server.db, rules, server.clock)

    async def settle() -> None:
        await deliverer.settle(SOON_S)

    return replace(server, scheduling=True, rules=rules, settle=settle), deliverer


def meeting(
    *people: str, uid: str = "m", organizer: str = "ann", lines: tuple[str, ...] = (), **more: str
) -> str:
    """An organizer's event; somebody is `bob`, or `bob;PARTSTAT=ACCEPTED`."""
    asked = [f"ORGANIZER:{mailto(organizer)}"]
    for one in (f"{organizer};PARTSTAT=ACCEPTED", *people):
        name, _, parameters = one.partition(";")
        asked.append(f"ATTENDEE{';' if parameters else ''}{parameters}:{mailto(name)}")
    return event(uid=uid, lines=[*asked, *lines], **(TIMES | more))


def answering(text: str, name: str, partstat: str) -> str:
    """A text in which somebody answers."""
    found = re.compile(rf"ATTENDEE((?:;[^:\r\n]*)?):{re.escape(mailto(name))}", re.IGNORECASE)
    said, count = found.subn(
        lambda one: f"ATTENDEE{_without(one[1])};PARTSTAT={partstat}:{mailto(name)}", unfolded(text)
    )
    assert count
    return said


def _without(parameters: str) -> str:
    return re.sub(r";PARTSTAT=[^;:]*", "", parameters)


def unfolded(text: str) -> str:
    return text.replace(CRLF + " ", "")


def partstats(text: str) -> dict[str, str]:
    """What each attendee says, by name."""
    found = re.findall(r"^ATTENDEE([^:]*):mailto:(\w+)@", unfolded(text), re.MULTILINE)
    return {
        name: (re.search(r"PARTSTAT=([A-Z-]+)", said) or ["", "NEEDS-ACTION"])[1]
        for said, name in found
    }


def statuses(text: str) -> dict[str, str]:
    """The SCHEDULE-STATUS of each attendee that has one."""
    found = re.findall(r"^ATTENDEE([^:]*):mailto:([\w.]+)@", unfolded(text), re.MULTILINE)
    return {
        name: status[1].strip('"')
        for said, name in found
        if (status := re.search(r"SCHEDULE-STATUS=(\"[\d.,]+\"|[\d.]+)", said))
    }


async def held(client: Client, uid: str = "m", calendar: str = "calendar") -> dict[str, str]:
    """The objects about a meeting in somebody's calendar, by URL."""
    listed = await client.propfind(f"{client.home}{calendar}/", "D:getetag", depth="1")
    texts = {href: (await client("GET", href)).text for href in listed.hrefs[1:]}
    return {href: text for href, text in texts.items() if f"UID:{uid}\r\n" in text}


async def only(client: Client, uid: str = "m", calendar: str = "calendar") -> tuple[str, str]:
    """The one object about a meeting: its URL and its text."""
    ((href, text),) = (await held(client, uid, calendar)).items()
    return href, text


async def messages(client: Client) -> list[str]:
    """The texts in somebody's inbox."""
    listed = await client.propfind(f"{client.home}inbox/", "D:getetag", depth="1")
    return [(await client("GET", href)).text for href in listed.hrefs[1:]]


def method(text: str) -> str:
    found = re.search(r"^METHOD:(\w+)", text, re.MULTILINE)
    return found[1] if found else ""


def said(text: str) -> list[list[str]]:
    """Each component of a text as its lines, sorted, parameters too.

    Without what tells only who wrote it and when, and what the server notes for itself.
    """
    bodies = re.split(r"^BEGIN:(?=VEVENT|VTODO|VFREEBUSY)", unfolded(text), flags=re.MULTILINE)
    return [
        sorted(_sorted(one) for one in body.split(CRLF)[:-1] if not one.startswith(_NOTES))
        for body in bodies
    ]


_NOTES = ("PRODID:", "DTSTAMP:", "X-CALDAVD-")


def _sorted(line: str) -> str:
    head, colon, value = re.sub(r";X-CALDAVD-[A-Z]+=[^;:]*", "", line).partition(":")
    name, *parameters = head.split(";")
    return ";".join([name, *sorted(parameters)]) + colon + value
