"""How messages reach their recipients: within this server, by mail, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.itip.address import normal
from caldavd.itip.plan import Message
from caldavd.model import Actor, Inbox, Kind, Principal
from caldavd.store import aces, principals, scheduling, tasks
from caldavd.store.engine import ReadTx

DELIVERED: Final = "1.2"
SENT: Final = "1.1"
INVALID: Final = "3.7"
FORBIDDEN: Final = "3.8"
UNREACHABLE: Final = "5.3"
"""Codes of RFC 6638 §3.2.9: what is local is delivered with the commit, and nothing stops it."""
_MAIL: Final = "mailto:"
_UUID: Final = "urn:uuid:"
_DELIVERS: Final = {"REPLY": Privilege.SCHEDULE_DELIVER_REPLY}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a server knows of addresses."""

    principals: str = "/dav/principals/"
    """The path below which principals are."""
    domain: str = ""
    """The domain of mail addresses that are nobody's if they are no account's; empty: none."""
    mails: bool = False
    """Whether messages leave by mail."""

    def without_mail(self) -> Rules:
        """The same, for what is told within this server only."""
        return replace(self, mails=False)

    def principal_path(self, name: str) -> str:
        """The path of a principal, as `normal` leaves it."""
        return f"{self.principals}{quote(name, safe='@-._~')}/"


@dataclass(frozen=True, slots=True)
class Route:
    """What SCHEDULE-STATUS tells, and what is to be done: a kind of task, for which principal."""

    status: str
    kind: str | None = None
    principal_id: int | None = None


async def routes(
    tx: ReadTx, rules: Rules, sender: Principal, messages: Iterable[Message]
) -> dict[str, Route]:
    """A route for each recipient, in a number of statements that does not grow with them."""
    methods = {one.recipient: one.method for one in messages}
    if not methods:
        return {}
    local = await local_ids(tx, rules, methods)
    allowed = await _allowed(tx, sender, {id_: methods[one] for one, id_ in local.items()})
    return {one: _route(rules, one, local.get(one), allowed) for one in methods}


async def local_ids(tx: ReadTx, rules: Rules, addresses: Iterable[str]) -> dict[str, int]:
    """The principals of this server among calendar user addresses, which are normal."""
    mails = {one.removeprefix(_MAIL): one for one in addresses if one.startswith(_MAIL)}
    found = {mails[mail]: id_ for mail, id_ in (await principals.by_addresses(tx, mails)).items()}
    for one in addresses:
        of = None
        if one.startswith(_UUID):
            of = await principals.by_uuid(tx, one.removeprefix(_UUID))
        elif one.startswith(rules.principals):
            name = unquote(one.removeprefix(rules.principals).rstrip("/"))
            of = await principals.by_name(tx, name)
        if of is not None and not of.is_group:
            found[one] = of.id
    return found


def _route(rules: Rules, recipient: str, id_: int | None, allowed: set[int]) -> Route:
    if id_ is not None:
        return Route(DELIVERED, tasks.ITIP, id_) if id_ in allowed else Route(FORBIDDEN)
    if not recipient.startswith(_MAIL):
        return Route(INVALID)
    if rules.domain and normal(recipient).endswith(f"@{rules.domain}"):
        return Route(INVALID)
    return Route(SENT, tasks.MAIL) if rules.mails else Route(UNREACHABLE)


async def _allowed(tx: ReadTx, sender: Principal, methods: dict[int, str]) -> set[int]:
    """Those to whose inbox the sender may deliver what it sends (RFC 6638 §6.1)."""
    inboxes = {
        owner_id: box
        for (owner_id, kind), box in (await scheduling.boxes(tx, list(methods))).items()
        if kind is Kind.INBOX
    }
    grants = await aces.given(tx, sender.id, list(inboxes), [box.id for box in inboxes.values()])
    actor = Actor(sender.id, sender.name, 0)
    return {
        owner_id
        for owner_id, box in inboxes.items()
        if _DELIVERS.get(methods[owner_id], Privilege.SCHEDULE_DELIVER_INVITE)
        in effective(actor, Inbox(box), grants)
    }
