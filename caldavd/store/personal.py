"""What readers of others' objects have as their own in them (caldav-sharing §5.5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, literal_column, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Access, Change, Collection, Stored
from caldavd.store import objects
from caldavd.store.changes import Span
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, change, personal


class Own(NamedTuple):
    """What a reader has as their own in an object: its state, and the pieces if asked for."""

    etag: str
    modified_at: int
    content: str = ""


_READER: Final = personal.c.reader_id == bindparam("reader_id")
_STATES: Final = select(personal.c.object_id, personal.c.etag, personal.c.modified_at).where(
    In(personal.c.object_id, "ids"), _READER
)
_CONTENTS: Final = _STATES.add_columns(personal.c.content)
_SET: Final = insert(personal).values(
    owner_id=bindparam("owner_id"),
    object_id=bindparam("object_id"),
    reader_id=bindparam("reader_id"),
    collection_id=bindparam("collection_id"),
    revision=bindparam("revision"),
    modified_at=bindparam("modified_at"),
    etag=bindparam("etag"),
    content=bindparam("content"),
)
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["object_id", "reader_id"],
    set_={name: _SET.excluded[name] for name in ("revision", "modified_at", "etag", "content")},
)
_MOVE: Final = (
    update(personal)
    .where(personal.c.object_id == bindparam("of_object"))
    .values(collection_id=bindparam("collection_id"), revision=literal_column("0"))
)
_REMOVE: Final = delete(personal).where(personal.c.object_id == bindparam("object_id"))

_SAME_NAME: Final = (calendar_object.c.collection_id == change.c.collection_id) & (
    calendar_object.c.name == change.c.name
)
_SHOWN: Final = calendar_object.c.access <= bindparam("most_closed")
_CHANGED: Final = (
    select(change.c.name, change.c.revision, *objects.COLUMNS)
    .select_from(
        change.outerjoin(calendar_object, _SAME_NAME & _SHOWN).outerjoin(
            personal, (personal.c.object_id == calendar_object.c.id) & _READER
        )
    )
    .where(
        change.c.collection_id == bindparam("collection_id"),
        change.c.revision > bindparam("revision"),
        change.c.revision <= bindparam("upto"),
        or_(
            calendar_object.c.id.is_not(None),
            (change.c.vanished.is_not(None)) & (change.c.vanished > bindparam("began")),
        ),
        # Told of at the later of its revisions.
        or_(
            personal.c.revision.is_(None),
            personal.c.revision <= change.c.revision,
            personal.c.revision > bindparam("upto"),
        ),
    )
)
_OWN_CHANGED: Final = (
    select(change.c.name, personal.c.revision, *objects.COLUMNS)
    .select_from(
        personal.join(calendar_object, calendar_object.c.id == personal.c.object_id).join(
            change, _SAME_NAME
        )
    )
    .where(
        _READER,
        personal.c.collection_id == bindparam("collection_id"),
        personal.c.revision > bindparam("revision"),
        personal.c.revision <= bindparam("upto"),
        personal.c.revision > change.c.revision,
        _SHOWN,
    )
)
_SINCE: Final = (
    union_all(_CHANGED, _OWN_CHANGED).order_by(literal_column("2")).limit(bindparam("limit"))
)


async def states(tx: ReadTx, reader_id: int, ids: Sequence[int]) -> dict[int, Own]:
    """What a reader has as their own in objects, by id, without the pieces."""
    rows = await tx.all(_STATES, reader_id=reader_id, ids=ids)
    return {row[0]: Own(row[1], row[2]) for row in rows}


async def contents(tx: ReadTx, reader_id: int, ids: Sequence[int]) -> dict[int, Own]:
    """What a reader has as their own in objects, by id."""
    rows = await tx.all(_CONTENTS, reader_id=reader_id, ids=ids)
    return {row[0]: Own(*row[1:]) for row in rows}


async def set_(tx: WriteTx, of: Stored, reader_id: int, new: Own, revision: int) -> None:
    """Stores what a reader has as their own in an object of a locked calendar."""
    await tx.run(
        _UPSERT,
        owner_id=of.owner_id,
        object_id=of.id,
        reader_id=reader_id,
        collection_id=of.collection_id,
        revision=revision,
        modified_at=new.modified_at,
        etag=new.etag,
        content=new.content,
    )


async def move(tx: WriteTx, object_id: int, to: Collection) -> None:
    """Lets what readers have as their own follow an object into another calendar of its owner."""
    await tx.run(_MOVE, of_object=object_id, collection_id=to.id)


async def remove(tx: WriteTx, object_id: int) -> None:
    """Forgets what all readers have as their own in an object."""
    await tx.run(_REMOVE, object_id=object_id)


async def since(
    tx: ReadTx, collection_id: int, reader_id: int, span: Span, limit: int, most_closed: Access
) -> list[Change]:
    """As `changes.since`, for a reader who has something of their own, and sees up to an Access.

    A change of what is theirs alone is a change of the object.
    """
    rows = await tx.all(
        _SINCE,
        collection_id=collection_id,
        reader_id=reader_id,
        revision=span.after,
        upto=span.upto,
        began=span.began,
        limit=limit,
        most_closed=most_closed.value,
    )
    return [
        Change(row[0], row[1], None if row[2] is None else Stored._make(row[2:])) for row in rows
    ]
