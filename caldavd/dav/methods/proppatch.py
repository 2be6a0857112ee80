"""PROPPATCH (RFC 4918 §9.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import alive, as_mounted, lock_object, require_unlocked
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.path import host_of
from caldavd.dav.properties.principals import GROUP_MEMBER_SET
from caldavd.dav.properties.scheduling import DEFAULT_CALENDAR
from caldavd.dav.property import Table
from caldavd.dav.propertyupdate import (
    Instruction,
    Outcome,
    all_or_none,
    decide,
    instructions,
    propstats,
    settings,
)
from caldavd.dav.resolve import Target, principals_at, reader_of, require
from caldavd.dav.row import RunWrite
from caldavd.dav.server import Context
from caldavd.dav.wanted import body_of, minimal
from caldavd.errors import CANNOT_MODIFY_PROTECTED, Failed, Refused, not_found
from caldavd.model import (
    Calendar,
    CalendarObject,
    Home,
    Inbox,
    Outbox,
    Principal,
    ProxyGroup,
    Resource,
)
from caldavd.names import DAV
from caldavd.service import boxes, delegates, locks
from caldavd.service.set_properties import set_properties
from caldavd.store import collections
from caldavd.store.engine import WriteTx
from caldavd.xml import write
from caldavd.xml.parse import expect, text


@dataclass(frozen=True, slots=True)
class Command:
    """Instructions, in order."""

    instructions: Sequence[Instruction]
    conditions: Conditions
    minimal: bool


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) without a propertyupdate that has something to do."""
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    if root is None:
        raise Failed(400, "PROPPATCH needs a body: DAV:propertyupdate")
    wanted = instructions(expect(root, DAV + "propertyupdate"))
    if not wanted:
        raise Failed(400, "the propertyupdate sets and removes nothing")
    return Command(wanted, conditions.parse(request.headers), minimal(request.headers))


def runner(table: Callable[[], Table]) -> RunWrite:
    """The `run` of PROPPATCH over a table of properties."""

    async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
        if Privilege.WRITE_PROPERTIES not in target.privileges:
            # Whoever reads has properties of their own.
            require(target, Privilege.READ)
        match target.resource:
            case ProxyGroup() as group:
                outcomes = await _delegates(tx, context, target, group, command)
                return _answer(target, outcomes, command)
            case Principal():
                require(target, Privilege.WRITE_PROPERTIES)
        resource = await _lock(tx, context, target, command.conditions)
        outcomes = decide(table(), type(resource), target.privileges, command.instructions)
        if isinstance(resource, Inbox):
            outcomes = await _default_calendar(tx, context, resource, outcomes)
        if all(outcome.status == 200 for outcome in outcomes):
            await set_properties(tx, context.actor.id, resource, settings(outcomes), context.now)
        return _answer(target, outcomes, command)

    return run


def _answer(target: Target, outcomes: Sequence[Outcome], command: Command) -> Response:
    if command.minimal and all(outcome.status == 200 for outcome in outcomes):
        # RFC 8144 §2.1: nothing to say means that all went well.
        return Response(200, (("Preference-Applied", "return=minimal"),))
    body = write.document(DAV + "multistatus", write.response(target.href, propstats(outcomes)))
    return Response(207, (("Content-Type", write.CONTENT_TYPE),), body)


async def _default_calendar(
    tx: WriteTx, context: Context, inbox: Inbox, outcomes: list[Outcome]
) -> list[Outcome]:
    """Sets the default calendar, if that is among the settings and nothing was refused.

    It is taken out of them: the URL changes with the calendar's name.
    """
    named = [one for of in outcomes for one in of.settings if one.name == DEFAULT_CALENDAR]
    if not named or any(outcome.status != 200 for outcome in outcomes):
        return outcomes
    href = named[-1].value
    owner_id = inbox.collection.owner_id
    try:
        name = None if href is None else _calendar_name(context, href)
        await boxes.set_default_calendar(tx, owner_id, name)
    except Refused as refused:
        error = write.element(refused.condition.element)
        return all_or_none(
            [
                Outcome(one.name, 403, error) if one.name == DEFAULT_CALENDAR else one
                for one in outcomes
            ]
        )
    return [replace(one, settings=()) if one.name == DEFAULT_CALENDAR else one for one in outcomes]


def _calendar_name(context: Context, href: str) -> str:
    """The name of a calendar in the home that the target lies in; empty for any other URL."""
    home = context.path.segments[:3]
    try:
        host, segments = host_of(href), context.urls.parse(href).segments
    except Failed:
        return ""
    here = host is None or host == host_of(f"//{context.host}")
    return segments[3] if here and len(segments) == 4 and segments[:3] == home else ""


async def _delegates(
    tx: WriteTx, context: Context, target: Target, group: ProxyGroup, command: Command
) -> list[Outcome]:
    """Sets group-member-set, all that can be set on a group of delegates (caldav-proxy §5.2)."""
    require(target, Privilege.WRITE_PROPERTIES)
    await require_state(tx, context, command.conditions, group)
    outcomes = [
        Outcome(one.name, 403, write.element(CANNOT_MODIFY_PROTECTED.element))
        for one in command.instructions
        if one.name != GROUP_MEMBER_SET
    ]
    wanted: Sequence[Principal] = ()
    sets = [one for one in command.instructions if one.name == GROUP_MEMBER_SET]
    if sets:
        outcome, wanted = await _members(tx, context, sets)
        outcomes.append(outcome)
    if all(outcome.status == 200 for outcome in outcomes):
        await delegates.replace(tx, group.owner, group.level, wanted)
    return all_or_none(outcomes)


async def _members(
    tx: WriteTx, context: Context, sets: Sequence[Instruction]
) -> tuple[Outcome, Sequence[Principal]]:
    """The principals that the last group-member-set names; none where it is removed.

    Those before it would be overwritten: they only count.
    """
    named = [() if one.element is None else one.element.findall(DAV + "href") for one in sets]
    if sum(map(len, named)) > delegates.MAX_DELEGATES:
        return Outcome(GROUP_MEMBER_SET, 507), ()
    try:
        found = await principals_at(tx, context, map(text, named[-1]))
    except Refused as refused:
        error = write.element(refused.condition.element)
        return Outcome(GROUP_MEMBER_SET, refused.condition.status, error), ()
    return Outcome(GROUP_MEMBER_SET, 200), list(found.values())


async def _lock(tx: WriteTx, context: Context, target: Target, demanded: Conditions) -> Resource:
    resource = target.resource
    match resource:
        case CalendarObject(collection, stored):
            reader = reader_of(context, collection, target.grants)
            found = await lock_object(tx, context, collection, reader, stored.name, demanded)
            if found.seen is None:
                raise not_found("this object")
            return found.seen
        case Calendar(collection):
            locked = alive(await collections.lock(tx, collection.id), collection.id)
            resource = as_mounted(locked, resource)
        case Inbox(collection) | Outbox(collection):
            locked = alive(await collections.lock(tx, collection.id), collection.id)
            resource = type(resource)(locked)
        case Home(collection):
            resource = Home(alive(await collections.lock(tx, collection.id), collection.id))
    await require_state(tx, context, demanded, resource)
    where = locks.spot(resource)
    if where is not None:
        await require_unlocked(tx, context, demanded, where)
    return resource
