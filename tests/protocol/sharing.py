"""What owners and sharees send to share calendars, and what they look at."""

from __future__ import annotations

from lxml import etree

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.model import Level
from caldavd.service import named, sharing
from caldavd.store import collections
from caldavd.store.engine import WriteTx
from tests.protocol.client import NS, Answer, Client, declared

XML = "text/xml"
CS = "{http://calendarserver.org/ns/}"


def set_(who: str, level: str = "read", *, summary: str = "") -> str:
    """A CS:set for a mail address, or what looks like an href."""
    href = who if ":" in who or who.startswith("/") else f"mailto:{who}@example.org"
    named_ = f"<CS:summary>{summary}</CS:summary>" if summary else ""
    return f"<CS:set><D:href>{href}</D:href>{named_}<CS:{level}/></CS:set>"


def remove(who: str) -> str:
    """A CS:remove."""
    href = who if ":" in who or who.startswith("/") else f"mailto:{who}@example.org"
    return f"<CS:remove><D:href>{href}</D:href></CS:remove>"


async def share(client: Client, path: str, *changes: str) -> Answer:
    """A POST that changes sharees."""
    body = f"<CS:share {declared()}>{''.join(changes)}</CS:share>"
    return await client("POST", path, body, Content_Type=XML)


async def reply(client: Client, uid: str, said: str = "accepted") -> Answer:
    """A POST that answers an invitation."""
    body = (
        f"<CS:invite-reply {declared()}><D:href>mailto:{client.name}@example.org</D:href>"
        f"<CS:invite-{said}/><CS:in-reply-to>{uid}</CS:in-reply-to></CS:invite-reply>"
    )
    return await client("POST", client.home, body, Content_Type=XML)


async def notices(client: Client) -> dict[str, etree._Element]:
    """The notifications of a user by href, each the element in CS:notification that tells."""
    listed = await client.propfind(f"{client.home}notifications/", "D:getetag", depth="1")
    found = {}
    for href in listed.hrefs[1:]:
        stamp, told = (await client("GET", href)).xml
        assert stamp.tag == CS + "dtstamp"
        found[href] = told
    return found


async def uid_of(client: Client) -> str:
    """The UID of the only invitation that a user was told of."""
    (told,) = (one for one in (await notices(client)).values() if "notif" in str(one.tag))
    return str(told.findtext("CS:uid", "", NS))


async def accept(client: Client) -> str:
    """Accepts the only invitation; the URL of the mount."""
    answer = await reply(client, await uid_of(client))
    assert answer.status == 200
    return str(answer.xml.findtext("D:href", "", NS))


async def give(
    server: Server, owner: str, calendar: str, sharee: str | None, level: Level, *, at_once=True
) -> None:
    """Shares a calendar as an operator does; without a sharee with everyone."""

    async def work(tx: WriteTx) -> None:
        account = await named.account(tx, owner)
        found = await named.calendar(tx, account, calendar)
        (locked,) = await collections.lock(tx, found.id)
        to = None if sharee is None else await named.principal(tx, sharee)
        await sharing.add(tx, locked, sharing.Wanted(to, level, accept=at_once), now())

    await server.db.write(work)
