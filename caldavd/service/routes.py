"""How messages reach their recipients: within this server, by mail, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.itip.address import PATH_SAFE, Addresses, normal
from caldavd.itip.imip import Unmailable, mailbox
from caldavd.itip.plan import Message
from caldavd.languages.codes import DEFAULT_CODE
from caldavd.model import Actor, Collection, Inbox, Principal, PrincipalKind
from caldavd.store import aces, identities, principals, scheduling, tasks
from caldavd.store.engine import ReadTx
from caldavd.store.identities import Identity

DELIVERED: Final = "1.2"
SENT: Final = "1.1"
INVALID: Final = "3.7"
FORBIDDEN: Final = "3.8"
NO_PLACE: Final = "5.2"
UNREACHABLE: Final = "5.3"
"""Codes of RFC 6638 §3.2.9: what is local is delivered with the commit, and nothing stops it."""
_MAIL: Final = "mailto:"
_TASK: Final = "\r\nBEGIN:VTODO\r\n"
_UUID: Final = "urn:uuid:"
_INVITES: Final = Privilege.SCHEDULE_DELIVER_INVITE
_DELIVERS: Final = dict.fromkeys(("REPLY", "COUNTER", "REFRESH"), Privilege.SCHEDULE_DELIVER_REPLY)
"""What attendees say; organizers invite."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a server knows of addresses."""

    principals: str = "/dav/principals/"
    """The path below which principals are."""
    domain: str = ""
    """The domain of mail addresses that are nobody's if they are no account's; empty: none."""
    mails: bool = False
    """Whether messages leave by mail."""

    quota_bytes: int = 0
    """What the calendars of an owner may hold of whom nothing else is said; 0: anything."""
    language: str = DEFAULT_CODE
    """In which those are told who have no language of their own."""

    def without_mail(self) -> Rules:
        """The same, for what is told within this server only."""
        return replace(self, mails=False)

    def principal_path(self, name: str) -> str:
        """The path of a principal, as `normal` leaves it."""
        return f"{self.principals}{quote(name, safe=PATH_SAFE)}/"


@dataclass(frozen=True, slots=True)
class Route:
    """What SCHEDULE-STATUS tells, and what is to be done: a kind of task, for which principal."""

    status: str
    kind: str | None = None
    principal_id: int | None = None


async def routes(
    tx: ReadTx, rules: Rules, sender: Principal, messages: Sequence[Message]
) -> dict[str, Route]:
    """A route for each recipient, in a number of statements that does not grow with them."""
    methods = {one.recipient: one.method for one in messages}
    if not methods:
        return {}
    people = await known(tx, rules, methods)
    local = {
        address: one.id for address, one in people.items() if one.kind is not PrincipalKind.GROUP
    }
    allowed = await open_to(tx, sender.id, {id_: methods[one] for one, id_ in local.items()})
    found = {one: _route(rules, one, local.get(one), allowed) for one in methods}
    reached = {one: id_ for one, id_ in local.items() if found[one].kind is not None}
    return found | await _without_place(tx, messages, reached)


async def _without_place(
    tx: ReadTx, messages: Sequence[Message], local: Mapping[str, int]
) -> dict[str, Route]:
    """Of those who are asked to tasks, who has no calendar for such (RFC 6638 §4.3).

    For events everybody has one: the last is not removed.
    """
    # One text goes to many, and is long then.
    about_tasks = {text for text in {one.text for one in messages} if _TASK in text}
    asked = {
        one.recipient: local[one.recipient]
        for one in messages
        if one.method == "REQUEST" and one.recipient in local and one.text in about_tasks
    }
    if not asked:
        return {}
    places = await scheduling.targets(tx, list(asked.values()), "VTODO")
    return {one: Route(NO_PLACE) for one, id_ in asked.items() if id_ not in places}


async def known(tx: ReadTx, rules: Rules, addresses: Iterable[str]) -> dict[str, Identity]:
    """The principals of this server among calendar user addresses, which are normal."""
    mails, names, uuids = {}, {}, {}
    for address in addresses:
        if address.startswith(_MAIL):
            mails[address] = address.removeprefix(_MAIL)
        elif address.startswith(_UUID):
            uuids[address] = address.removeprefix(_UUID)
        elif address.startswith(rules.principals):
            names[address] = unquote(address.removeprefix(rules.principals).rstrip("/"))
    found = await identities.of(tx, mails.values(), names.values(), uuids.values())
    return {
        address: of[value]
        for spelled, of in (
            (mails, found.by_mail),
            (names, found.by_name),
            (uuids, found.by_uuid),
        )
        for address, value in spelled.items()
        if value in of
    }


async def mail_addresses(tx: ReadTx, rules: Rules, addresses: Addresses) -> dict[str, str]:
    """The mail addresses of those of this server who have one, by other addresses of theirs."""
    people = await known(tx, rules, addresses) if addresses else {}
    if not people:
        return {}
    found = await principals.by_ids(tx, {one.id for one in people.values()})
    mails = {one.id: one.addresses[0] for one in found if one.addresses}
    return {address: mails[one.id] for address, one in people.items() if one.id in mails}


async def open_to(tx: ReadTx, sender_id: int, methods: Mapping[int, str]) -> set[int]:
    """Of principals those whose inbox takes a message of that METHOD from somebody.

    What everybody may send may be sent by who has no account, whose id is 0.
    """
    may = await held(tx, sender_id, await scheduling.inboxes(tx, list(methods)))
    needed = {id_: _DELIVERS.get(method, _INVITES) for id_, method in methods.items()}
    return {id_ for id_, privileges in may.items() if needed[id_] in privileges}


async def held(tx: ReadTx, owner_id: int, found: Mapping[int, Collection]) -> dict[int, Privilege]:
    """What somebody may do with inboxes (RFC 6638 §6.1), by their owners' ids."""
    actor = Actor(owner_id, "", 0)
    grants = await aces.given(tx, owner_id, list(found), [box.id for box in found.values()])
    return {id_: effective(actor, Inbox(box), grants) for id_, box in found.items()}


def _route(rules: Rules, recipient: str, id_: int | None, allowed: set[int]) -> Route:
    if id_ is not None:
        return Route(DELIVERED, tasks.ITIP, id_) if id_ in allowed else Route(FORBIDDEN)
    if not recipient.startswith(_MAIL) or not _is_mailable(recipient):
        return Route(INVALID)
    if rules.domain and normal(recipient).endswith(f"@{rules.domain}"):
        return Route(INVALID)
    return Route(SENT, tasks.MAIL) if rules.mails else Route(UNREACHABLE)


def _is_mailable(recipient: str) -> bool:
    """Whether mail servers take an address: else the mail would fail for good."""
    try:
        return bool(mailbox(recipient))
    except Unmailable:
        return False
