"""Accounts: what they may be called, what a new one finds, and the first one of a database."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from caldavd.errors import Failed
from caldavd.model import Kind, Principal, PrincipalKind
from caldavd.service import boxes, calendars, labels, sharing
from caldavd.store import collections, ids, members, principals, rooms, shares
from caldavd.store.engine import Conflict, Database, ReadTx, WriteTx

KINDS: Final = ("user", "room", "resource")
"""What an account may be; rooms and resources have calendars and no login."""
MAX_NAME: Final = 64
MAX_ADDRESS: Final = 254
MAX_ADDRESSES: Final = 32
FIRST_NAME: Final = "admin"

RESERVED: Final = frozenset({"all", "authenticated", "everyone"})
"""Names that commands and access control lists understand as everybody."""
_PUNCTUATION: Final = "+-.=@_~"
_CATEGORIES: Final = frozenset({"Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd", "Nl"})
_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]+@[^\s@<>,;:\"()\\\x00-\x1f\x7f]+")


class Invalid(Failed):
    """An account's name or address cannot be used; the reason says what can."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


class Taken(Failed):
    """Another account has that name or address."""

    def __init__(self, reason: str) -> None:
        super().__init__(409, reason)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new account finds. A calendar without a name is not made."""

    domain: str = "localhost"
    calendar_name: str = "Calendar"
    calendar_color: str = "#3B82F6FF"
    tasks_name: str = "Tasks"
    tasks_color: str = "#F59E0BFF"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What whoever makes an account says about it."""

    name: str
    display_name: str = ""
    addresses: Sequence[str] = ()
    kind: PrincipalKind = PrincipalKind.USER
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """The first account of a database; `password` is to be shown once, None if it was given."""

    principal: Principal
    password: str | None = field(repr=False)


def normal(name: str) -> str:
    """The form of an account name that is stored: one URL segment. Raises Invalid."""
    folded = principals.normal(name)
    if not folded:
        raise Invalid("an account needs a name")
    if len(folded) > MAX_NAME:
        raise Invalid(f"an account name has at most {MAX_NAME} characters")
    for character in folded:
        if character not in _PUNCTUATION and unicodedata.category(character) not in _CATEGORIES:
            raise Invalid(
                f"an account name cannot have {character!r} in it: "
                f"use letters, digits and {_PUNCTUATION}"
            )
    if not folded.strip("."):
        raise Invalid("an account name cannot be made of dots alone")
    if folded in RESERVED:
        raise Invalid(f"{folded} means everybody where something is granted: choose another name")
    return folded


def normal_address(address: str) -> str:
    """The form of a mail address that is stored: lower case, no mailto. Raises Invalid."""
    text = unicodedata.normalize("NFC", address.strip()).lower().removeprefix("mailto:")
    if len(text) > MAX_ADDRESS or not _ADDRESS.fullmatch(text):
        raise Invalid(f"{address!r} is not a mail address like ann@example.org")
    return text


def require_sound(new: NewAccount, defaults: Defaults) -> None:
    """Raises Invalid unless an account may have that name and those addresses."""
    _addresses(normal(new.name), new.addresses, defaults.domain)


async def require_free(tx: ReadTx, login: str) -> None:
    """Raises Invalid or Taken unless a new account may have that name."""
    await _require_nobody(tx, normal(login), "account")


async def create(
    tx: WriteTx, new: NewAccount, password_hash: str | None, defaults: Defaults, now: int
) -> Principal:
    """Makes an account with its calendar home, a calendar, a task list, an inbox and an outbox.

    An account without an address gets its name at the configured domain. Raises Invalid, Taken.
    """
    name = normal(new.name)
    principal = Principal(
        id=ids.new(),
        kind=new.kind.value,
        name=name,
        display_name=one_line(new.display_name) or new.name,
        uuid=str(uuid.uuid4()),
        created_at=now,
        addresses=_addresses(name, new.addresses, defaults.domain),
        language=new.language,
    )
    # No login may lead to two accounts: names and addresses are compared crosswise.
    await _require_nobody(tx, name, "account")
    for address in principal.addresses:
        await _require_nobody(tx, address, "address")
    try:
        await principals.create(tx, principal, password_hash)
    except Conflict as error:  # made by somebody else at this moment
        raise Taken(f"the account {name}, or an address of it, exists already") from error
    await _make_calendars(tx, principal, defaults, now)
    if new.kind is not PrincipalKind.USER:
        await rooms.add(tx, rooms.Room(principal.id))
    return principal


async def remove(tx: WriteTx, principal: Principal, now: int) -> None:
    """Removes a user or a group with all it has, for good; what it shares leaves others' homes."""
    above = await members.identities_of(tx, principal.id)
    reached = await shares.of_sharees(tx, sorted(above))
    await sharing.forget(tx, principal, now)
    await rooms.forget_booker(tx, principal.id)
    await principals.remove(tx, principal.id)
    await sharing.settle_all(tx, reached, now)


async def bootstrap(
    db: Database,
    new: NewAccount,
    password: str | None,
    defaults: Defaults,
    passwords: tuple[Callable[[], str], Callable[[str], str]],
    now: int,
) -> Created | None:
    """Makes the first account; None if the database has one.

    `passwords` draws a password, for where none is given, and hashes one. Of several processes
    that start at once, one makes the account. Raises Invalid.
    """
    if await db.read(principals.count, snapshot=False):
        return None
    draw, hash_ = passwords
    drawn = None if password else draw()
    password_hash = hash_(password or drawn or "")

    async def work(tx: WriteTx) -> Principal | None:
        if await principals.count(tx):
            return None
        return await create(tx, new, password_hash, defaults, now)

    try:
        principal = await db.write(work)
    except Taken:
        return None
    return None if principal is None else Created(principal, drawn)


async def _require_nobody(tx: ReadTx, login: str, what: str) -> None:
    wanted = principals.normal(login)
    holder = await principals.by_name(tx, wanted) or await principals.by_address(tx, wanted)
    if holder is not None:
        raise Taken(f"the {what} {login} exists already: it is {holder.name}'s")


async def _make_calendars(tx: WriteTx, principal: Principal, defaults: Defaults, now: int) -> None:
    # Rows are locked by rising id, and the home goes before its calendars.
    home = replace(calendars.new_collection(principal.id, Kind.HOME, "", (), now), id=ids.before())
    await collections.create(tx, home)
    if defaults.calendar_name:
        made = await calendars.create(tx, home, "calendar", ("VEVENT", "VJOURNAL"), now)
        await labels.set_(tx, made, defaults.calendar_name, defaults.calendar_color)
    if defaults.tasks_name:
        made = await calendars.create(tx, home, "tasks", ("VTODO",), now)
        await labels.set_(tx, made, defaults.tasks_name, defaults.tasks_color)
    await boxes.create(tx, principal.id, now)


def _addresses(name: str, given: Sequence[str], domain: str) -> tuple[str, ...]:
    if not given:
        return (normal_address(name if "@" in name else f"{name}@{domain}"),)
    if len(given) > MAX_ADDRESSES:
        raise Invalid(f"an account has at most {MAX_ADDRESSES} addresses")
    return tuple(dict.fromkeys(normal_address(address) for address in given))


def one_line(text: str) -> str:
    """Without control characters, and with single blanks."""
    kept = (c if unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} else " " for c in text)
    return " ".join("".join(kept).split())
