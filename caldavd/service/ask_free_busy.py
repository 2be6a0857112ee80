"""When those are busy whom somebody wants to invite (RFC 6638 §5, RFC 7953 §7.2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.errors import VALID_ORGANIZER, Refused
from caldavd.ical.contentline import Line
from caldavd.ical.freebusy import BusyPeriod
from caldavd.itip.address import normal
from caldavd.itip.freebusy import (
    INVALID,
    NO_AUTHORITY,
    SUCCESS,
    UNSUPPORTED,
    Reply,
    Request,
    reply,
)
from caldavd.model import Collection
from caldavd.service import availability, freebusy, routes
from caldavd.service.routes import Rules
from caldavd.store import members, scheduling
from caldavd.store.engine import ReadTx
from caldavd.store.identities import Identity

OFFLOAD: Final = 20
"""From this many replies on, writing them leaves the event loop."""
_MAIL: Final = "mailto:"


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose outbox it is, and how the server is set up."""

    owner_id: int
    rules: Rules
    product: str
    """The PRODID of replies."""
    max_instances: int
    """Of all attendees together."""
    all_principals: bool
    """Whether users know of everybody, or of themselves and their groups only."""


async def ask(tx: ReadTx, asking: Asking, request: Request, at: datetime) -> list[Reply]:
    """A reply for each attendee, in order; ten statements or so, however many there are.

    Raises Refused: VALID_ORGANIZER unless the owner of the outbox asks, NUMBER_OF_MATCHES.
    """
    attendees = {normal(line.value): line for line in request.attendees}
    organizer = normal(request.organizer.value)
    known = await routes.known(tx, asking.rules, {*attendees, organizer})
    if organizer not in known or known[organizer].id != asking.owner_id:
        raise Refused(VALID_ORGANIZER, "the ORGANIZER is an address of the owner of the outbox")
    people = {address: known[address] for address in attendees if address in known}
    if not asking.all_principals:
        visible = await members.identities_of(tx, asking.owner_id)
        people = {address: one for address, one in people.items() if one.id in visible}
    inboxes = await scheduling.inboxes(tx, [one.id for one in people.values()])
    held = await routes.held(tx, asking.owner_id, inboxes)
    willing = {
        id_: box for id_, box in inboxes.items() if Privilege.SCHEDULE_QUERY_FREEBUSY in held[id_]
    }
    busy = await _busy(tx, asking, request, willing)
    domains = {asking.rules.domain, *(_domain(address) for address in (organizer, *people))}
    found: list[tuple[Line, str | Sequence[BusyPeriod]]] = []
    for address, line in attendees.items():
        match people.get(address):
            case None:
                local = _domain(address) in domains or not address.startswith(_MAIL)
                found.append((line, INVALID if local else UNSUPPORTED))
            case Identity(id_) if id_ in busy:
                found.append((line, busy[id_]))
            case Identity(id_):
                found.append((line, NO_AUTHORITY if id_ in inboxes else UNSUPPORTED))
    work = (request, found, at, asking.product)
    return await tx.offload(_replies, *work) if len(found) >= OFFLOAD else _replies(*work)


def _replies(
    request: Request,
    found: Iterable[tuple[Line, str | Sequence[BusyPeriod]]],
    at: datetime,
    product: str,
) -> list[Reply]:
    return [
        Reply(line.value.strip(), said)
        if isinstance(said, str)
        else Reply(line.value.strip(), SUCCESS, reply(request, line, said, at, product))
        for line, said in found
    ]


async def _busy(
    tx: ReadTx, asking: Asking, request: Request, inboxes: Mapping[int, Collection]
) -> dict[int, list[BusyPeriod]]:
    """When the owners of inboxes are busy, or not available, by their ids."""
    events = await freebusy.of_users_without(
        tx, list(inboxes), request.window, asking.max_instances, request.masked
    )
    return await availability.overlaid(tx, inboxes, request.window, events)


def _domain(address: str) -> str:
    return address.rpartition("@")[2] if address.startswith(_MAIL) else ""
