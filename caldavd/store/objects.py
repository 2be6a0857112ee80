"""Calendar objects: the one table that holds what clients sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Actor, Collection, Stored
from caldavd.store import collections
from caldavd.store.engine import Conflict, ReadTx, WriteTx
from caldavd.store.principals import LoginEnded
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, principal, property_

COLUMNS: Final = (
    calendar_object.c.id,
    calendar_object.c.owner_id,
    calendar_object.c.collection_id,
    calendar_object.c.name,
    calendar_object.c.uid,
    calendar_object.c.component,
    calendar_object.c.etag,
    calendar_object.c.size_bytes,
    calendar_object.c.created_at,
    calendar_object.c.modified_at,
    calendar_object.c.access,
    calendar_object.c.schedule_tag,
)
WIDTH: Final = len(COLUMNS)
_CONTENT: Final = calendar_object.c.content
_IN: Final = calendar_object.c.collection_id == bindparam("collection_id")

_OWN: Final = (
    select(*collections.COLUMNS, *COLUMNS)
    .select_from(principal)
    .outerjoin(
        collection,
        (collection.c.owner_id == principal.c.id)
        & (collection.c.name == bindparam("calendar"))
        & collection.c.trashed_at.is_(None),
    )
    .outerjoin(
        calendar_object,
        (calendar_object.c.collection_id == collection.c.id)
        & (calendar_object.c.name == bindparam("name")),
    )
    .where(
        principal.c.id == bindparam("owner_id"),
        principal.c.auth_revision == bindparam("auth_revision"),
    )
)
_OWN_WITH_CONTENT: Final = _OWN.add_columns(_CONTENT)
_GET: Final = select(*COLUMNS).where(_IN, calendar_object.c.name == bindparam("name"))
_GET_WITH_CONTENT: Final = _GET.add_columns(_CONTENT)
_NAME_OF_UID: Final = select(calendar_object.c.name).where(
    _IN, calendar_object.c.uid == bindparam("uid")
)
_LIST: Final = select(*COLUMNS).where(_IN).order_by(calendar_object.c.id)
_COMPONENT: Final = calendar_object.c.component == bindparam("component")
_LIST_COMPONENT: Final = select(*COLUMNS).where(_IN, _COMPONENT).order_by(calendar_object.c.id)
_BY_NAMES: Final = select(*COLUMNS).where(_IN, In(calendar_object.c.name, "names"))
_CONTENTS: Final = select(calendar_object.c.id, _CONTENT).where(In(calendar_object.c.id, "ids"))
_WITH_UID_LIKE: Final = select(*COLUMNS).where(
    _IN, calendar_object.c.uid.like(bindparam("pattern"), escape="\\")
)
_LISTED: Final = (
    select(*COLUMNS)
    .where(_IN, calendar_object.c.name > bindparam("after"))
    .order_by(calendar_object.c.name)
    .limit(bindparam("limit"))
)
_PAGE: Final = _LISTED.add_columns(_CONTENT)
_COUNT: Final = select(func.count()).where(_IN)
# Spelled alike on both databases; a taken key leaves the transaction as good as it was.
_INSERT: Final = insert(calendar_object).on_conflict_do_nothing()
_UPDATE: Final = (
    update(calendar_object)
    .where(calendar_object.c.id == bindparam("object_id"))
    .values(
        uid=bindparam("uid"),
        component=bindparam("component"),
        etag=bindparam("etag"),
        size_bytes=bindparam("size_bytes"),
        modified_at=bindparam("modified_at"),
        indexed_from=bindparam("indexed_from"),
        indexed_until=bindparam("indexed_until"),
        content=bindparam("content"),
        access=bindparam("access"),
        schedule_tag=bindparam("schedule_tag"),
    )
)
_MOVE: Final = (
    update(calendar_object)
    .where(calendar_object.c.id == bindparam("object_id"))
    .values(
        collection_id=bindparam("collection_id"),
        owner_id=bindparam("owner_id"),
        name=bindparam("name"),
    )
)
_INDEXED: Final = select(calendar_object.c.indexed_from, calendar_object.c.indexed_until).where(
    calendar_object.c.id == bindparam("id")
)
_DELETE: Final = delete(calendar_object).where(calendar_object.c.id == bindparam("id"))
_DELETE_PROPERTIES: Final = delete(property_).where(property_.c.resource_id == bindparam("id"))


async def own(
    tx: ReadTx, actor: Actor, calendar: str, name: str, *, content: bool
) -> tuple[Collection | None, Stored | None, str | None]:
    """The actor's calendar of that name, its object, and the object's text if asked for.

    One statement, which also checks the login. Raises LoginEnded.
    """
    row = await tx.one(
        _OWN_WITH_CONTENT if content else _OWN,
        owner_id=actor.id,
        auth_revision=actor.auth_revision,
        calendar=calendar,
        name=name,
    )
    if row is None:
        raise LoginEnded
    if row[0] is None:
        return None, None, None
    of = collections.from_row(row)
    if row[collections.WIDTH] is None:
        return of, None, None
    end = collections.WIDTH + WIDTH
    return of, Stored._make(row[collections.WIDTH : end]), row[end] if content else None


async def get(tx: ReadTx, collection_id: int, name: str) -> Stored | None:
    """The object of that name."""
    row = await tx.one(_GET, collection_id=collection_id, name=name)
    return None if row is None else Stored._make(row)


async def get_with_content(tx: ReadTx, collection_id: int, name: str) -> tuple[Stored, str] | None:
    """The object of that name and its text, of the same moment."""
    row = await tx.one(_GET_WITH_CONTENT, collection_id=collection_id, name=name)
    return None if row is None else (Stored._make(row[:WIDTH]), row[WIDTH])


async def name_of_uid(tx: ReadTx, collection_id: int, uid: str) -> str | None:
    """The name under which a collection holds a UID."""
    row = await tx.one(_NAME_OF_UID, collection_id=collection_id, uid=uid)
    return None if row is None else str(row[0])


async def members(tx: ReadTx, collection_id: int, component: str | None = None) -> list[Stored]:
    """All objects of a collection, or those of one component type, oldest first."""
    if component is None:
        rows = await tx.all(_LIST, collection_id=collection_id)
    else:
        rows = await tx.all(_LIST_COMPONENT, collection_id=collection_id, component=component)
    return [Stored._make(row) for row in rows]


async def by_names(tx: ReadTx, collection_id: int, names: Sequence[str]) -> dict[str, Stored]:
    """Objects by name; names that do not exist are left out."""
    rows = await tx.all(_BY_NAMES, collection_id=collection_id, names=names)
    return {row[3]: Stored._make(row) for row in rows}


async def contents(tx: ReadTx, ids: Sequence[int]) -> dict[int, str]:
    """The texts of objects, by id."""
    rows = await tx.all(_CONTENTS, ids=ids)
    return {row[0]: row[1] for row in rows}


async def with_uid_containing(tx: ReadTx, collection_id: int, text: str) -> list[Stored]:
    """Objects whose UID contains a text, letter case aside where the database ignores it.

    A superset of any collation's answer: the caller compares again.
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await tx.all(_WITH_UID_LIKE, collection_id=collection_id, pattern=f"%{escaped}%")
    return [Stored._make(row) for row in rows]


async def page(tx: ReadTx, collection_id: int, after: str, limit: int) -> list[tuple[Stored, str]]:
    """The next objects after a name, with their texts, in the database's order of names."""
    rows = await tx.all(_PAGE, collection_id=collection_id, after=after, limit=limit)
    return [(Stored._make(row[:WIDTH]), row[WIDTH]) for row in rows]


async def listed(tx: ReadTx, collection_id: int, after: str, limit: int) -> list[Stored]:
    """The next objects after a name, in the database's order of names; every name is after ""."""
    rows = await tx.all(_LISTED, collection_id=collection_id, after=after, limit=limit)
    return [Stored._make(row) for row in rows]


async def count(tx: ReadTx, collection_id: int) -> int:
    """How many objects a collection holds."""
    row = await tx.one(_COUNT, collection_id=collection_id)
    return int(row[0]) if row else 0


async def insert_(
    tx: WriteTx, new: Stored, content: str, indexed: tuple[int | None, int | None]
) -> None:
    """Adds an object. Raises Conflict if its name or UID is taken in its collection.

    The transaction can go on then.
    """
    added = await tx.run(
        _INSERT,
        id=new.id,
        owner_id=new.owner_id,
        collection_id=new.collection_id,
        name=new.name,
        uid=new.uid,
        component=new.component,
        etag=new.etag,
        size_bytes=new.size_bytes,
        created_at=new.created_at,
        modified_at=new.modified_at,
        indexed_from=indexed[0],
        indexed_until=indexed[1],
        content=content,
        access=new.access,
        schedule_tag=new.schedule_tag,
    )
    if not added:
        raise Conflict(f"{new.name} or {new.uid}")


async def update_(
    tx: WriteTx, new: Stored, content: str, indexed: tuple[int | None, int | None]
) -> None:
    """Replaces an object's text and what was read from it. Raises Conflict for a taken UID."""
    await tx.run(
        _UPDATE,
        object_id=new.id,
        uid=new.uid,
        component=new.component,
        etag=new.etag,
        size_bytes=new.size_bytes,
        modified_at=new.modified_at,
        indexed_from=indexed[0],
        indexed_until=indexed[1],
        content=content,
        access=new.access,
        schedule_tag=new.schedule_tag,
    )


async def copy(tx: WriteTx, from_id: int, to: Stored, content: str) -> None:
    """Adds a copy of an object; its index rows are copied by `occurrences.copy`."""
    row = await tx.one(_INDEXED, id=from_id)
    indexed = (None, None) if row is None else (row[0], row[1])
    await insert_(tx, to, content, indexed)


async def move(tx: WriteTx, id_: int, to: Collection, name: str) -> None:
    """Puts an object into another collection or under another name. Raises Conflict."""
    await tx.run(_MOVE, object_id=id_, collection_id=to.id, owner_id=to.owner_id, name=name)


async def delete_(tx: WriteTx, id_: int) -> None:
    """Removes an object, its index rows and its properties."""
    await tx.run(_DELETE_PROPERTIES, id=id_)
    await tx.run(_DELETE, id=id_)
