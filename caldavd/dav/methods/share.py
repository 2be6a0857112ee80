"""The bodies of POST by which calendars are shared (caldav-sharing §5.3.2, §5.4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.dav.locked import alive
from caldavd.dav.message import Response
from caldavd.dav.path import encode
from caldavd.dav.properties.sharing import INVITES
from caldavd.dav.resolve import Target, principals_at, require
from caldavd.dav.server import Context
from caldavd.errors import ALLOWED_PRINCIPAL, RECOGNIZED_PRINCIPAL, Failed, Refused
from caldavd.itip.address import normal
from caldavd.model import Answer, Collection, Level, Principal
from caldavd.names import CS, DAV
from caldavd.service import mounts, routes, sharing
from caldavd.store import collections, principals, shares
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.shares import EVERYONE
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, text

MAX_CHANGES: Final = 200
"""Sharees in one request."""
MAX_TEXT: Final = 1_000
"""Characters of a summary, and of a name."""
_LEVELS: Final = {CS + "read": Level.READ, CS + "read-write": Level.WRITE}
_ANSWERS: Final = {
    CS + "invite-accepted": Answer.ACCEPTED,
    CS + "invite-declined": Answer.DECLINED,
}


_ADDRESSES: Final = ("mailto:", "urn:uuid:")


@dataclass(frozen=True, slots=True)
class Change:
    """A sharee to set, or without a level to remove."""

    href: str
    level: Level | None
    summary: str = ""
    common_name: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """CS:share: what is to become of sharees, in order."""

    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Reply:
    """CS:invite-reply."""

    uid: str
    answer: Answer
    summary: str


def parse_changes(root: Element) -> Changes:
    """Raises Failed: 400 for what is no CS:share, 413 for too many sharees."""
    found = [child for child in elements(root) if child.tag in (CS + "set", CS + "remove")]
    if not found:
        raise Failed(400, "CS:share holds CS:set and CS:remove")
    if len(found) > MAX_CHANGES:
        raise Failed(413, f"at most {MAX_CHANGES} sharees are changed at once: use a group")
    return Changes([_change(child) for child in found])


def parse_reply(root: Element) -> Reply:
    """Raises Failed(400)."""
    said = [_ANSWERS[str(child.tag)] for child in elements(root) if child.tag in _ANSWERS]
    uid = text(root.find(CS + "in-reply-to"))
    if len(said) != 1 or not uid:
        raise Failed(400, "CS:invite-reply says what is answered, and to which CS:in-reply-to")
    return Reply(uid, said[0], _text(root, "summary"))


async def change(
    tx: WriteTx, context: Context, target: Target, calendar: Collection, command: Changes
) -> Response:
    """200; where some of several sharees could not be changed 207, which tells of each.

    Raises NeedPrivileges, and what `sharing.add` does if there is but one.
    """
    require(target, INVITES)
    locked = alive(await collections.lock(tx, calendar.id), calendar.id)
    outcomes: list[tuple[str, str]] = []
    for one in command.changes:
        try:
            await _carry_out(tx, context, locked, one)
            outcomes.append((one.href, write.status_line(200)))
        except Refused as refused:
            if len(command.changes) == 1:
                raise
            error = write.element(DAV + "error", write.element(refused.condition.element))
            status = write.status_line(refused.condition.status)
            outcomes.append((one.href, status + error))
    if all(told == write.status_line(200) for _, told in outcomes):
        return Response(200, (("Cache-Control", "no-cache"),))
    content = "".join(write.response(href, told) for href, told in outcomes)
    body = write.document(DAV + "multistatus", content)
    return Response(207, (("Content-Type", write.CONTENT_TYPE),), body)


async def reply(tx: WriteTx, context: Context, home: Collection, command: Reply) -> Response:
    """200 and CS:shared-as with the URL of what was accepted; of what was declined, nothing.

    Raises Failed: 403 in somebody else's home, 404 for an invitation that is not the actor's.
    """
    if home.owner_id != context.actor.id:
        raise Failed(403, "an invitation is answered by whom it is for")
    user = await principals.by_id(tx, context.actor.id)
    if user is None:
        raise principals.LoginEnded
    found = await mounts.answer(tx, user, command.uid, command.answer, command.summary, context.now)
    if found.name is None:
        return Response(200, (("Cache-Control", "no-cache"),))
    href = f"{context.urls.home(user.name)}{encode(found.name)}/"
    body = write.document(CS + "shared-as", write.href(href))
    return Response(200, (("Content-Type", write.CONTENT_TYPE),), body)


async def _carry_out(tx: WriteTx, context: Context, calendar: Collection, wanted: Change) -> None:
    if wanted.level is None and wanted.href == context.urls.principals:
        await sharing.remove(tx, calendar, EVERYONE, context.now)
        return
    sharee = await _sharee(tx, context, wanted.href)
    if wanted.level is None:
        await sharing.remove(tx, calendar, sharee.id, context.now)
        return
    known = await shares.get(tx, calendar.id, sharee.id)
    level = wanted.level
    if known is not None and sharing.shows(Level(known.level), level):
        level = Level(known.level)
    asked = sharing.Wanted(
        sharee, level, wanted.summary, wanted.common_name, context.server.accepts(sharee)
    )
    await sharing.add(tx, calendar, asked, context.now)


async def _sharee(tx: ReadTx, context: Context, href: str) -> Principal:
    """Whom an address, a URL or a UUID names, without addresses.

    Raises Refused(RECOGNIZED_PRINCIPAL).
    """
    address = normal(href)
    if not address.startswith(_ADDRESSES):
        if href == context.urls.principals:
            raise Refused(ALLOWED_PRINCIPAL, "who runs the server shares with everyone")
        return (await principals_at(tx, context, [href]))[href]
    known = await routes.known(tx, context.server.rules, [address])
    for one in known.values():
        for found in await principals.without_addresses(tx, [one.id]):
            return found
    raise Refused(RECOGNIZED_PRINCIPAL, "nobody here has that address")


def _change(element: Element) -> Change:
    href = text(element.find(DAV + "href"))
    if not href:
        raise Failed(400, "CS:set and CS:remove say by DAV:href whom they are about")
    if element.tag == CS + "remove":
        return Change(href, None)
    levels = [_LEVELS[str(child.tag)] for child in elements(element) if child.tag in _LEVELS]
    if len(levels) != 1:
        raise Failed(400, "CS:set says CS:read or CS:read-write")
    return Change(href, levels[0], _text(element, "summary"), _text(element, "common-name"))


def _text(element: Element, name: str) -> str:
    found = text(element.find(CS + name))
    if len(found) > MAX_TEXT:
        raise Failed(400, f"CS:{name} is at most {MAX_TEXT} characters long")
    return found
