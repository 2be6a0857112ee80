"""What must hold between objects and what their readers see of them and have as their own."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, func, select

from caldavd.model import Access
from caldavd.store.rule import Rule, without
from caldavd.store.tables import calendar_object, change, personal, principal

_SAME_MEMBER: Final = and_(
    change.c.collection_id == calendar_object.c.collection_id,
    change.c.name == calendar_object.c.name,
)
READERS: Final = (
    Rule(
        "personal part without object",
        without(
            personal,
            calendar_object,
            and_(
                personal.c.object_id == calendar_object.c.id,
                personal.c.collection_id == calendar_object.c.collection_id,
                personal.c.owner_id == calendar_object.c.owner_id,
            ),
            personal.c.reader_id,
            personal.c.object_id,
        ),
        "what {0} has as their own is of object {1}, which does not exist, or lies elsewhere",
    ),
    Rule(
        "personal part without reader",
        without(
            personal,
            principal,
            and_(
                personal.c.reader_id == principal.c.id,
                personal.c.reader_id != personal.c.owner_id,
            ),
            personal.c.object_id,
            personal.c.reader_id,
        ),
        "in object {0} principal {1} has something of their own, and is its owner, or nobody",
    ),
    Rule(
        "change seen by the wrong",
        select(change.c.name, change.c.collection_id, change.c.vanished)
        .select_from(change.outerjoin(calendar_object, _SAME_MEMBER))
        .where(
            change.c.vanished.is_(None)
            != and_(
                change.c.deleted == 0,
                func.coalesce(calendar_object.c.access, 0) != Access.PRIVATE.value,
            )
        ),
        "the change of {0} in collection {1} is said to have vanished at {2}: see its CLASS",
    ),
)
