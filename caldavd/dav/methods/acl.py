"""ACL (RFC 3744 §8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import KNOWN, Node, Privilege, nodes, to_bits, tree_of
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import alive, require_unlocked
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target, principals_at, require
from caldavd.dav.server import Context
from caldavd.dav.wanted import body_of
from caldavd.errors import (
    ALLOWED_PRINCIPAL,
    GRANT_ONLY,
    LIMITED_NUMBER_OF_ACES,
    NO_INHERITED_ACE_CONFLICT,
    NO_INVERT,
    NO_PROTECTED_ACE_CONFLICT,
    NOT_SUPPORTED_PRIVILEGE,
    Failed,
    Refused,
)
from caldavd.model import Ace, Calendar, Grantee, Home, Inbox, Outbox
from caldavd.names import DAV
from caldavd.service import locks
from caldavd.service.set_acl import MAX_ACES, set_acl
from caldavd.store import collections
from caldavd.store.engine import WriteTx
from caldavd.xml.parse import Element, elements, expect, text

_GRANTEES: Final = {
    DAV + "all": Grantee.ALL,
    DAV + "authenticated": Grantee.AUTHENTICATED,
}
_PARTS: Final = tuple(
    DAV + name for name in ("principal", "invert", "grant", "deny", "protected", "inherited")
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry as it was sent; `href` is a principal's, None where `grantee` says enough."""

    grantee: Grantee
    href: str | None
    privileges: frozenset[str]
    """Clark names that some kind of resource knows."""


@dataclass(frozen=True, slots=True)
class Command:
    """The entries to put in place of those that are there."""

    entries: Sequence[Wanted]
    conditions: Conditions


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) for what is no DAV:acl, Refused for what this server never grants."""
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    if root is None:
        raise Failed(400, "ACL needs a body: DAV:acl")
    entries = _known(expect(root, DAV + "acl"))
    if any(entry.tag != DAV + "ace" for entry in entries):
        raise Failed(400, "a DAV:acl holds DAV:ace, and nothing else")
    if len(entries) > MAX_ACES:
        raise Refused(LIMITED_NUMBER_OF_ACES, f"a list has at most {MAX_ACES} entries: use groups")
    return Command([_entry(entry) for entry in entries], conditions.parse(request.headers))


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """200; the entries that are neither protected nor inherited are now those sent."""
    require(target, Privilege.WRITE_ACL)
    tree = tree_of(type(target.resource))
    granted = [_leaves(tree, one.privileges) for one in command.entries]
    match target.resource:
        case Calendar(collection):
            locked = alive(await collections.lock(tx, collection.id), collection.id)
            await require_state(tx, context, command.conditions, Calendar(locked))
            where = locks.of_collection(locked)
        case Home(collection):
            locked = alive(await collections.lock(tx, collection.id), collection.id)
            await require_state(tx, context, command.conditions, Home(locked))
            where = locks.of_home(locked)
        case Inbox(collection) | Outbox(collection):
            locked = alive(await collections.lock(tx, collection.id), collection.id)
            await require_state(tx, context, command.conditions, type(target.resource)(locked))
            where = locks.of_collection(locked)
        case _:
            raise Failed(405, "calendars and homes have access control lists")
    if context.actor.id != locked.owner_id:
        # Whoever may lock would keep the owner from taking that away.
        await require_unlocked(tx, context, command.conditions, where)
    hrefs = dict.fromkeys(entry.href for entry in command.entries if entry.href is not None)
    found = await principals_at(tx, context, hrefs)
    entries = [
        Ace(one.grantee, 0 if one.href is None else found[one.href].id, to_bits(leaves, tree))
        for one, leaves in zip(command.entries, granted, strict=True)
    ]
    await set_acl(tx, locked, entries, context.now)
    return Response(200)


def _known(parent: Element) -> list[Element]:
    """The children that mean something; those of other namespaces are ignored (RFC 3744 §10)."""
    return [child for child in elements(parent) if str(child.tag).startswith(DAV)]


def _entry(element: Element) -> Wanted:
    children = _known(element)
    parts = {str(child.tag): child for child in children}
    if len(parts) != len(children) or not parts.keys() <= set(_PARTS):
        raise Failed(400, "a DAV:ace has one principal, and one grant")
    if DAV + "invert" in parts:
        raise Refused(NO_INVERT, "an entry is for a principal, not for all but one")
    if DAV + "deny" in parts:
        raise Refused(GRANT_ONLY, "nothing is denied here: grant less")
    if DAV + "protected" in parts:
        raise Refused(NO_PROTECTED_ACE_CONFLICT, "leave out what is protected: it stays")
    if DAV + "inherited" in parts:
        raise Refused(NO_INHERITED_ACE_CONFLICT, "leave out what is inherited: it stays")
    if not {DAV + "principal", DAV + "grant"} <= parts.keys():
        raise Failed(400, "a DAV:ace has one principal, and one grant")
    grantee, href = _grantee(parts[DAV + "principal"])
    return Wanted(grantee, href, _privileges(parts[DAV + "grant"]))


def _grantee(element: Element) -> tuple[Grantee, str | None]:
    match _known(element):
        case [one] if one.tag == DAV + "href":
            return Grantee.PRINCIPAL, text(one)
        case [one] if one.tag in _GRANTEES:
            return _GRANTEES[str(one.tag)], None
        case [one] if one.tag == DAV + "property":
            if [child.tag for child in elements(one)] == [DAV + "owner"]:
                return Grantee.OWNER, None
        case [one] if one.tag in (DAV + "self", DAV + "unauthenticated"):
            # Nobody is a calendar, and nobody gets in without a login.
            pass
        case _:
            raise Failed(400, "a DAV:principal holds one element that says who")
    raise Refused(ALLOWED_PRINCIPAL, "grant to a principal's URL, all, authenticated or the owner")


def _privileges(element: Element) -> frozenset[str]:
    granted: set[str] = set()
    for child in _known(element):
        named = list(elements(child))
        if child.tag != DAV + "privilege" or len(named) != 1:
            raise Failed(400, "a DAV:grant holds DAV:privilege, each with one element")
        if str(named[0].tag) not in KNOWN:
            raise Refused(NOT_SUPPORTED_PRIVILEGE, f"there is no privilege {named[0].tag} here")
        granted.add(str(named[0].tag))
    if not granted:
        raise Failed(400, "a DAV:grant names one privilege at least")
    return frozenset(granted)


def _leaves(tree: Node, named: frozenset[str]) -> Privilege:
    """Raises Refused(NOT_SUPPORTED_PRIVILEGE) for one that the resource does not know."""
    known = {node.name: node.leaves for node in nodes(tree)}
    granted = Privilege.NONE
    for one in named:
        if one not in known:
            raise Refused(NOT_SUPPORTED_PRIVILEGE, f"there is no privilege {one} here")
        granted |= known[one]
    return granted
