"""Principals, their addresses and their passwords."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from caldavd.model import Actor, Principal
from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import ace, address, app_password, principal, property_, share

_COLUMNS: Final = (
    principal.c.id,
    principal.c.kind,
    principal.c.name,
    principal.c.display_name,
    principal.c.uuid,
    principal.c.created_at,
    principal.c.language,
)
_ALL: Final = select(*_COLUMNS, principal.c.disabled_at).order_by(principal.c.name)
_BY_NAME: Final = select(*_COLUMNS).where(principal.c.name == bindparam("name"))
_other: Final = principal.alias("other")
# The login is checked in the statement that looks for somebody else.
_OTHER: Final = (
    select(*(_other.c[one.name] for one in _COLUMNS))
    .select_from(principal.outerjoin(_other, _other.c.name == bindparam("name")))
    .where(
        principal.c.id == bindparam("actor_id"),
        principal.c.auth_revision == bindparam("auth_revision"),
    )
)
_BY_IDS: Final = select(*_COLUMNS).where(In(principal.c.id, "ids")).order_by(principal.c.name)
_BY_NAMES: Final = select(*_COLUMNS).where(In(principal.c.name, "names"))
_BY_ID: Final = select(*_COLUMNS).where(principal.c.id == bindparam("id"))
_BY_ADDRESS: Final = (
    select(*_COLUMNS)
    .join(address, address.c.principal_id == principal.c.id)
    .where(address.c.address == bindparam("address"))
)
_ADDRESSES: Final = (
    select(address.c.principal_id, address.c.address)
    .where(In(address.c.principal_id, "ids"))
    .order_by(address.c.principal_id, address.c.position)
)
_COUNT: Final = select(func.count()).select_from(principal)
_INSERT: Final = insert(principal)
_INSERT_ADDRESS: Final = insert(address)
_DELETE: Final = delete(principal).where(principal.c.id == bindparam("id"))
_DELETE_PROPERTIES: Final = delete(property_).where(
    or_(property_.c.owner_id == bindparam("id"), property_.c.reader_id == bindparam("id"))
)
_DELETE_SHARES: Final = delete(share).where(share.c.sharee_id == bindparam("id"))
_DELETE_ACES: Final = delete(ace).where(ace.c.principal_id == bindparam("id"))
_END_LOGINS: Final = (
    update(principal)
    .where(principal.c.id == bindparam("id"))
    .values(auth_revision=principal.c.auth_revision + 1)
)
_SET_PASSWORD: Final = (
    update(principal)
    .where(principal.c.id == bindparam("id"))
    .values(
        password_hash=bindparam("password_hash"),
        disabled_at=None,
        auth_revision=principal.c.auth_revision + 1,
    )
)
_REHASH: Final = (
    update(principal)
    .where(
        principal.c.id == bindparam("id"),
        principal.c.password_hash == bindparam("old"),
    )
    .values(password_hash=bindparam("new"))
)
_SET_DISABLED: Final = (
    update(principal)
    .where(principal.c.id == bindparam("id"))
    .values(disabled_at=bindparam("disabled_at"), auth_revision=principal.c.auth_revision + 1)
)
_SET_LANGUAGE: Final = (
    update(principal)
    .where(principal.c.id == bindparam("id"))
    .values(language=bindparam("language"))
)
_VALID: Final = select(principal.c.id).where(
    and_(
        principal.c.id == bindparam("id"),
        principal.c.auth_revision == bindparam("auth_revision"),
    )
)
_LOGIN_COLUMNS: Final = (
    principal.c.id,
    principal.c.name,
    principal.c.auth_revision,
    principal.c.password_hash,
)
# Each half has its index; one condition over both would look at every principal.
_LOGIN: Final = (
    union_all(
        select(*_LOGIN_COLUMNS, literal_column("0").label("place")).where(
            principal.c.name == bindparam("login"), principal.c.disabled_at.is_(None)
        ),
        select(*_LOGIN_COLUMNS, literal_column("1").label("place"))
        .join(address, address.c.principal_id == principal.c.id)
        .where(address.c.address == bindparam("login"), principal.c.disabled_at.is_(None)),
    )
    .order_by("place")
    .limit(1)
)
_APP_PASSWORDS: Final = (
    select(
        app_password.c.id,
        app_password.c.label,
        app_password.c.password_hash,
        app_password.c.created_at,
        app_password.c.used_at,
    )
    .where(app_password.c.principal_id == bindparam("principal_id"))
    .order_by(app_password.c.created_at, app_password.c.id)
)
_INSERT_APP_PASSWORD: Final = insert(app_password)
_DELETE_APP_PASSWORD: Final = delete(app_password).where(
    app_password.c.principal_id == bindparam("principal_id"),
    app_password.c.label == bindparam("label"),
)
_TOUCH_APP_PASSWORD: Final = (
    update(app_password)
    .where(app_password.c.id == bindparam("id"))
    .values(used_at=bindparam("used_at"))
)


class LoginEnded(Exception):
    """The actor's login was ended after it was verified: password changed, account disabled."""


@dataclass(frozen=True, slots=True)
class AppPassword:
    """A password for one device; `used_at` is None until its first login."""

    id: int
    label: str
    password_hash: str
    created_at: int
    used_at: int | None


@dataclass(frozen=True, slots=True)
class Login:
    """What a login is checked against."""

    actor: Actor
    password_hash: str | None
    app_passwords: tuple[AppPassword, ...]


def normal(text: str) -> str:
    """The one form of an account name or mail address that is stored and compared."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", folded)


async def count(tx: ReadTx) -> int:
    """How many principals there are."""
    row = await tx.one(_COUNT)
    return int(row[0]) if row else 0


async def everyone(tx: ReadTx) -> list[tuple[Principal, int | None]]:
    """All principals by name, each with the second since which it is disabled."""
    rows = await tx.all(_ALL)
    mail = await _addresses(tx, [row[0] for row in rows])
    return [(_from_row(row, mail.get(row[0], ())), row[7]) for row in rows]


async def by_name(tx: ReadTx, name: str) -> Principal | None:
    """The principal of that (normal) name, with its addresses."""
    row = await tx.one(_BY_NAME, name=name)
    return await _with_addresses(tx, row)


async def by_id(tx: ReadTx, id_: int) -> Principal | None:
    """The principal of that id, with its addresses."""
    row = await tx.one(_BY_ID, id=id_)
    return await _with_addresses(tx, row)


async def by_ids(tx: ReadTx, ids: Collection[int]) -> list[Principal]:
    """The principals of these ids by name, with their addresses; unknown ids are left out."""
    rows = await tx.all(_BY_IDS, ids=list(ids))
    mail = await _addresses(tx, [row[0] for row in rows])
    return [_from_row(row, mail.get(row[0], ())) for row in rows]


async def without_addresses(tx: ReadTx, ids: Collection[int]) -> list[Principal]:
    """The principals of these ids by name, without their addresses; unknown ids are left out."""
    return [_from_row(row, ()) for row in await tx.all(_BY_IDS, ids=list(ids))]


async def by_names(tx: ReadTx, names: Collection[str]) -> list[Principal]:
    """The principals of these names, without their addresses; unknown names are left out."""
    return [_from_row(row, ()) for row in await tx.all(_BY_NAMES, names=list(names))]


async def names(tx: ReadTx, ids: Collection[int]) -> dict[int, str]:
    """The names of principals by id."""
    return {row[0]: row[2] for row in await tx.all(_BY_IDS, ids=list(ids))}


async def other(tx: ReadTx, actor: Actor, name: str) -> Principal | None:
    """The principal of that name, without its addresses. Raises LoginEnded.

    One statement, whether or not there is such a principal.
    """
    row = await tx.one(_OTHER, actor_id=actor.id, auth_revision=actor.auth_revision, name=name)
    if row is None:
        raise LoginEnded
    return None if row[0] is None else _from_row(row, ())


async def addresses(tx: ReadTx, id_: int) -> tuple[str, ...]:
    """A principal's mail addresses, the preferred one first."""
    return (await _addresses(tx, [id_])).get(id_, ())


async def by_address(tx: ReadTx, mail: str) -> Principal | None:
    """The principal that owns a mail address (lower case)."""
    row = await tx.one(_BY_ADDRESS, address=mail)
    return await _with_addresses(tx, row)


async def create(tx: WriteTx, new: Principal, password_hash: str | None) -> None:
    """Adds a principal and its addresses. Raises Conflict if a name or address is taken."""
    await tx.run(
        _INSERT,
        id=new.id,
        kind=new.kind,
        name=new.name,
        display_name=new.display_name,
        uuid=new.uuid,
        password_hash=password_hash,
        auth_revision=1,
        disabled_at=None,
        created_at=new.created_at,
        quota_bytes=None,
        language=new.language,
    )
    for position, mail in enumerate(new.addresses):
        await tx.run(_INSERT_ADDRESS, address=mail, principal_id=new.id, position=position)


async def remove(tx: WriteTx, id_: int) -> None:
    """Removes a principal, everything that is its own, and all that it was granted."""
    await tx.run(_DELETE_PROPERTIES, id=id_)
    await tx.run(_DELETE_ACES, id=id_)
    await tx.run(_DELETE_SHARES, id=id_)
    await tx.run(_DELETE, id=id_)


async def set_password(tx: WriteTx, id_: int, password_hash: str) -> None:
    """Sets the password, enables the account, and ends every cached login."""
    await tx.run(_SET_PASSWORD, id=id_, password_hash=password_hash)


async def rehash(tx: WriteTx, id_: int, old: str, new: str) -> None:
    """Replaces a hash by another one of the same password, unless it was changed meanwhile."""
    await tx.run(_REHASH, id=id_, old=old, new=new)


async def set_disabled(tx: WriteTx, id_: int, at: int | None) -> None:
    """Disables an account from `at`, or enables it again; ends every cached login."""
    await tx.run(_SET_DISABLED, id=id_, disabled_at=at)


async def set_language(tx: WriteTx, id_: int, code: str | None) -> None:
    """Sets the language in which others are told of a principal's meetings; None: the server's."""
    await tx.run(_SET_LANGUAGE, id=id_, language=code)


async def is_valid(tx: ReadTx, actor: Actor) -> bool:
    """Whether nothing has ended this login since its password was verified."""
    row = await tx.one(_VALID, id=actor.id, auth_revision=actor.auth_revision)
    return row is not None


async def login(tx: ReadTx, name: str) -> Login | None:
    """What to check a login by account name or mail address against; None if there is none.

    A name wins over an address. A disabled account is none.
    """
    row = await tx.one(_LOGIN, login=name)
    if row is None:
        return None
    id_, account, revision, password_hash, _ = row
    return Login(Actor(id_, account, revision), password_hash, await app_passwords(tx, id_))


async def app_passwords(tx: ReadTx, principal_id: int) -> tuple[AppPassword, ...]:
    """A principal's app passwords, oldest first."""
    rows = await tx.all(_APP_PASSWORDS, principal_id=principal_id)
    return tuple(AppPassword(*row) for row in rows)


async def add_app_password(tx: WriteTx, principal_id: int, new: AppPassword) -> None:
    """Adds one. Raises Conflict if the principal has one of that label."""
    await tx.run(
        _INSERT_APP_PASSWORD,
        id=new.id,
        principal_id=principal_id,
        label=new.label,
        password_hash=new.password_hash,
        created_at=new.created_at,
        used_at=new.used_at,
    )


async def revoke_app_password(tx: WriteTx, principal_id: int, label: str) -> bool:
    """Removes one by its label and ends cached logins; False if there is none."""
    removed = await tx.run(_DELETE_APP_PASSWORD, principal_id=principal_id, label=label)
    await tx.run(_END_LOGINS, id=principal_id)
    return removed > 0


async def touch_app_password(tx: WriteTx, id_: int, used_at: int) -> None:
    """Notes when an app password was last used."""
    await tx.run(_TOUCH_APP_PASSWORD, id=id_, used_at=used_at)


def _from_row(row: Row, addresses: tuple[str, ...]) -> Principal:
    id_, kind, name, display_name, uuid, created_at, language = row[:7]
    return Principal(id_, kind, name, display_name, uuid, created_at, addresses, language)


async def _with_addresses(tx: ReadTx, row: Row | None) -> Principal | None:
    if row is None:
        return None
    return _from_row(row, await addresses(tx, row[0]))


async def _addresses(tx: ReadTx, ids: list[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for principal_id, mail in await tx.all(_ADDRESSES, ids=ids):
        found[principal_id] = (*found.get(principal_id, ()), mail)
    return found
