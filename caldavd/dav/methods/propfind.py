"""PROPFIND (RFC 4918 §9.1)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav.members import members
from caldavd.dav.message import Request
from caldavd.dav.resolve import Target, require
from caldavd.dav.respond import Selection, Wanted
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, PROPFIND, body_of, depth, prefers, wanted
from caldavd.errors import PROPFIND_FINITE_DEPTH, Refused
from caldavd.store.engine import ReadTx
from caldavd.xml.parse import expect


@dataclass(frozen=True, slots=True)
class Command:
    """What a PROPFIND asks for."""

    wanted: Wanted
    with_self: bool
    with_members: bool


def parse(context: Context, request: Request) -> Command:
    """Raises Refused(PROPFIND_FINITE_DEPTH) for Depth infinity, which is the default."""
    root = body_of(request, context.server.limits.max_xml_bytes)
    if root is not None:
        expect(root, PROPFIND)
    levels = depth(request.headers, INFINITY)
    if levels == INFINITY:
        raise Refused(PROPFIND_FINITE_DEPTH, "send Depth: 0 or Depth: 1")
    with_members = levels == "1"
    # RFC 8144 §4.1: depth-noroot leaves the collection itself out.
    with_self = not (with_members and prefers(request.headers, "depth-noroot"))
    return Command(wanted(root, request.headers), with_self, with_members)


async def select(
    tx: ReadTx, context: Context, target: Target, command: Command
) -> tuple[Selection, Wanted]:
    """The target, its members, or both."""
    require(target, Privilege.READ)
    items = [(target.href, target.resource)] if command.with_self else []
    if command.with_members:
        items += await members(tx, context, target.resource, target.href)
    return Selection(items), command.wanted
