"""MKCALENDAR (RFC 4791 §5.3.1), MKCOL and extended MKCOL (RFC 5689)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import OWNER, Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import require as require_state
from caldavd.dav.locked import require_unlocked
from caldavd.dav.message import Request, Response
from caldavd.dav.property import Table
from caldavd.dav.propertyupdate import (
    Instruction,
    Outcome,
    decide,
    instructions,
    propstats,
    settings,
)
from caldavd.dav.resolve import Target, require
from caldavd.dav.row import RunWrite
from caldavd.dav.server import Context
from caldavd.dav.wanted import body_of
from caldavd.errors import (
    CALENDAR_COLLECTION_LOCATION,
    RESOURCE_MUST_BE_NULL,
    SUPPORTED_COMPONENT,
    VALID_RESOURCETYPE,
    Failed,
    Refused,
)
from caldavd.model import Calendar, Home, Unmapped
from caldavd.names import CALDAV, DAV
from caldavd.service import calendars, locks
from caldavd.service.set_properties import set_properties
from caldavd.store.engine import Conflict, WriteTx
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, expect

COMPONENT_SET: Final = CALDAV + "supported-calendar-component-set"
RESOURCETYPE: Final = DAV + "resourcetype"
_CALENDAR: Final = {DAV + "collection", CALDAV + "calendar"}
_ALLOWED: Final = (*calendars.COMPONENTS, "VFREEBUSY")


@dataclass(frozen=True, slots=True)
class Command:
    """The calendar to make."""

    components: tuple[str, ...]
    instructions: Sequence[Instruction]
    mkcol: bool = False
    """Whether it is told as MKCOL is: refusals differ (RFC 5689 §3, RFC 4791 §5.3.1.1)."""
    conditions: Conditions = conditions.NONE


def parse_mkcalendar(context: Context, request: Request) -> Command:
    """Raises Failed(400), Refused(SUPPORTED_COMPONENT)."""
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    if root is not None:
        expect(root, CALDAV + "mkcalendar")
    return _command(request, root)


def parse_mkcol(context: Context, request: Request) -> Command:
    """Raises Failed(415) for a body that is no XML, Refused(VALID_RESOURCETYPE) for other types."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if request.body and media_type not in ("", "text/xml", "application/xml"):
        raise Failed(415, "the body of MKCOL is XML (RFC 5689)")
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    types = set() if root is None else _types(expect(root, DAV + "mkcol"))
    if types != _CALENDAR:
        raise Refused(
            VALID_RESOURCETYPE,
            "only calendars can be made: send DAV:mkcol with the resourcetype "
            "DAV:collection and CALDAV:calendar, or use MKCALENDAR",
        )
    return _command(request, root, mkcol=True)


def runner(table: Callable[[], Table]) -> RunWrite:
    """The `run` of MKCALENDAR and MKCOL over a table of properties."""

    async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
        home, name = _place(target, command)
        require(target, Privilege.BIND)
        outcomes = decide(table(), Calendar, OWNER, command.instructions)
        if any(outcome.status != 200 for outcome in outcomes):
            return _failure(context, command, outcomes)
        locked, _ = await calendars.lock_with_home(tx, home.collection.owner_id)
        await require_state(tx, context, command.conditions, target.resource)
        await require_unlocked(tx, context, command.conditions, locks.of_home(locked))
        try:
            made = await calendars.create(tx, locked, name, command.components, context.now)
        except Conflict:
            raise _exists(command) from None
        if command.instructions:
            # What a delegate says of a new calendar is said for its owner.
            await set_properties(tx, made.owner_id, Calendar(made), settings(outcomes), context.now)
        return Response(201, (("Cache-Control", "no-cache"),))

    return run


def _place(target: Target, command: Command) -> tuple[Home, str]:
    match target.resource:
        case Unmapped(Home() as home, name):
            return home, name
        case Unmapped(None):
            raise Failed(409, "the parent collection does not exist: make it first")
        case Unmapped():
            raise Refused(
                CALENDAR_COLLECTION_LOCATION, "a calendar lies directly in a calendar home"
            )
    raise _exists(command)


def _exists(command: Command) -> Exception:
    if command.mkcol:
        return Failed(405, "there is something at this URL already")
    return Refused(RESOURCE_MUST_BE_NULL, "there is something at this URL already")


def _command(request: Request, root: Element | None, *, mkcol: bool = False) -> Command:
    demanded = conditions.parse(request.headers)
    if root is None:
        return Command(calendars.COMPONENTS, (), mkcol, demanded)
    wanted = instructions(root)
    components: tuple[str, ...] = calendars.COMPONENTS
    for one in wanted:
        if one.name == COMPONENT_SET and one.element is not None:
            components = _components(one.element)
    rest = [one for one in wanted if one.name not in (COMPONENT_SET, RESOURCETYPE)]
    return Command(components, rest, mkcol, demanded)


def _components(element: Element) -> tuple[str, ...]:
    names = {child.get("name", "").upper() for child in elements(element)}
    unknown = names - set(_ALLOWED)
    if unknown or not names:
        raise Refused(
            SUPPORTED_COMPONENT, f"a calendar can hold {', '.join(_ALLOWED)}: name one or more"
        )
    return tuple(name for name in _ALLOWED if name in names)


def _types(root: Element) -> set[str]:
    return {
        str(child.tag)
        for one in instructions(root)
        if one.name == RESOURCETYPE and one.element is not None
        for child in elements(one.element)
    }


def _failure(context: Context, command: Command, outcomes: list[Outcome]) -> Response:
    """Nothing was made, and these are the properties to blame.

    RFC 5689 §3 answers with the status of the first of them, RFC 4791 §5.3.1.1 with 207.
    """
    status = next(outcome.status for outcome in outcomes if outcome.status not in (200, 424))
    blamed = propstats(outcomes)
    if command.mkcol:
        body = write.document(DAV + "mkcol-response", blamed)
    else:
        status = 207
        href = context.path.as_collection
        body = write.document(DAV + "multistatus", write.response(href, blamed))
    return Response(status, (("Content-Type", write.CONTENT_TYPE),), body)
