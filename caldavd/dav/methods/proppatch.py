"""PROPPATCH (RFC 4918 §9.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import alive, lock_object, require_unlocked
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.property import Table
from caldavd.dav.propertyupdate import Instruction, decide, instructions, propstats, settings
from caldavd.dav.resolve import Target, require
from caldavd.dav.row import RunWrite
from caldavd.dav.server import Context
from caldavd.dav.wanted import body_of, minimal
from caldavd.errors import Failed, not_found
from caldavd.model import Calendar, CalendarObject, Home, Resource
from caldavd.names import DAV
from caldavd.service import locks
from caldavd.service.set_properties import set_properties
from caldavd.store import collections
from caldavd.store.engine import WriteTx
from caldavd.xml import write
from caldavd.xml.parse import expect


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
        require(target, Privilege.READ)
        resource = await _lock(tx, context, target.resource, command.conditions)
        outcomes = decide(table(), type(resource), target.privileges, command.instructions)
        if all(outcome.status == 200 for outcome in outcomes):
            await set_properties(tx, context.actor.id, resource, settings(outcomes), context.now)
            if command.minimal:
                # RFC 8144 §2.1: nothing to say means that all went well.
                return Response(200, (("Preference-Applied", "return=minimal"),))
        body = write.document(DAV + "multistatus", write.response(target.href, propstats(outcomes)))
        return Response(207, (("Content-Type", write.CONTENT_TYPE),), body)

    return run


async def _lock(
    tx: WriteTx, context: Context, resource: Resource, demanded: Conditions
) -> Resource:
    match resource:
        case CalendarObject(collection, stored):
            locked, existing, _ = await lock_object(tx, context, collection, stored.name, demanded)
            if existing is None:
                raise not_found("this object")
            return CalendarObject(locked, existing)
        case Calendar(collection):
            resource = Calendar(alive(await collections.lock(tx, collection.id), collection.id))
        case Home(collection):
            resource = Home(alive(await collections.lock(tx, collection.id), collection.id))
    await require_state(tx, context, demanded, resource)
    where = locks.spot(resource)
    if where is not None:
        await require_unlocked(tx, context, demanded, where)
    return resource
