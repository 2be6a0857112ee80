"""PROPFIND (RFC 4918 §9.1)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav.members import pages
from caldavd.dav.message import Request
from caldavd.dav.resolve import Target, require
from caldavd.dav.respond import Selection, Wanted
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth, minimal, prefers, propfind
from caldavd.errors import PROPFIND_FINITE_DEPTH, Refused, not_found
from caldavd.model import CalendarObject, Unmapped
from caldavd.service import locks
from caldavd.store.engine import ReadTx


@dataclass(frozen=True, slots=True)
class Command:
    """What a PROPFIND asks for."""

    wanted: Wanted
    depth: str
    with_self: bool


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) for a body that is no propfind."""
    limit = context.server.limits.max_xml_bytes
    wanted = propfind(request.body, limit, brief=minimal(request.headers))
    levels = depth(request.headers, INFINITY)
    # RFC 8144 §4.1: depth-noroot leaves the collection itself out.
    with_self = not (levels == "1" and prefers(request.headers, "depth-noroot"))
    return Command(wanted, levels, with_self)


async def select(
    tx: ReadTx, context: Context, target: Target, command: Command
) -> tuple[Selection, Wanted]:
    """The target, its members, or both.

    Raises Refused(PROPFIND_FINITE_DEPTH) for Depth infinity, the default, on a collection.
    """
    if isinstance(target.resource, Unmapped):
        await _require_reserved(tx, context, target)
        return Selection([(target.href, target.resource)]), command.wanted
    require(target, Privilege.READ)
    single = isinstance(target.resource, CalendarObject)
    if command.depth == INFINITY and not single:
        raise Refused(PROPFIND_FINITE_DEPTH, "send Depth: 0 or Depth: 1")
    items = [(target.href, target.resource)] if command.with_self or single else []
    if command.depth != "1":
        return Selection(items), command.wanted
    below = pages(tx, context, target)
    return Selection(items, pages=below), command.wanted


async def _require_reserved(tx: ReadTx, context: Context, target: Target) -> None:
    """Raises Failed(404) unless a lock is on this name, and the actor may read what it is in.

    Without the lock's token, nobody could end it (RFC 4918 §7.3).
    """
    where = locks.spot(target.resource)
    if where is None or Privilege.READ not in target.privileges:
        raise not_found("this URL")
    held = await locks.of_owners(tx, context.now, where.owner_id)
    if where.place not in held.at:
        raise not_found("this URL")
