"""Single requests through python-caldav, and what tests look at in the answers."""

from __future__ import annotations

from typing import Any, Final

import caldav

from tests.client.probes import condition
from tests.client.served import Served, basic

ICS: Final = {"Content-Type": 'text/calendar; charset="utf-8"'}
XML: Final = {"Content-Type": "text/xml"}


def put(calendar: caldav.Calendar, name: str, text: str, **headers: str) -> Any:
    """The answer to a PUT; `If_Match` stands for If-Match."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return calendar.client.put(f"{calendar.url}{name}", text, {**ICS, **sent})


def get(calendar: caldav.Calendar, name: str) -> tuple[int, str]:
    """Status and text of an object."""
    answer = calendar.client.request(f"{calendar.url}{name}")
    return answer.status, answer.raw.replace("\r\n", "\n")


def refused(
    shared: Served, calendar: caldav.Calendar, method: str, name: str, body: str
) -> tuple[int, str]:
    """Status and condition of what the library would raise an error for."""
    path = f"{calendar.url.path}{name}"
    answer = shared.request(method, path, body.encode(), {**basic(), **ICS})
    return answer.status, condition(answer.body)


def names(found: list[caldav.CalendarObjectResource]) -> set[str]:
    """The last segments of the URLs of what was found, without the ending."""
    return {str(one.url).rpartition("/")[2].removesuffix(".ics") for one in found}


def urls(principal: caldav.Principal) -> set[str]:
    """The URLs of all calendars."""
    return {str(one.url) for one in principal.get_calendars()}


def sync_body(token: str, limit: str = "") -> str:
    """A sync-collection for entity tags."""
    limited = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
    return (
        f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
        f"<D:sync-level>1</D:sync-level>{limited}<D:prop><D:getetag/></D:prop>"
        "</D:sync-collection>"
    )


def sync(calendar: caldav.Calendar, token: str, limit: str = "") -> tuple[Any, list[str], str]:
    """The answer to a sync, the names in it, and the next token."""
    answer = calendar.client.report(str(calendar.url), sync_body(token, limit), depth=1)
    hrefs = [str(one.text) for one in answer.tree.iterfind("{DAV:}response/{DAV:}href")]
    found = [href.rpartition("/")[2] for href in hrefs]
    return answer, found, answer.tree.findtext("{DAV:}sync-token")
