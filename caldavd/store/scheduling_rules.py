"""What must hold between principals, their inboxes and outboxes, and what is to be delivered."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, func, literal, or_, select

from caldavd.model import Kind, PrincipalKind
from caldavd.store.rule import Rule, without
from caldavd.store.tables import collection, message, principal, scheduling, task


def _box(kind: Kind) -> Rule:
    return Rule(
        f"principal without {kind.value}",
        without(
            principal,
            collection,
            and_(
                collection.c.owner_id == principal.c.id,
                collection.c.kind == kind.value,
                collection.c.trashed_at.is_(None),
            ),
            principal.c.id,
            principal.c.name,
        ).where(principal.c.kind != PrincipalKind.GROUP.value),
        f"principal {{0}} ({{1}}) has no scheduling {kind.value}",
    )


SCHEDULED: Final = (
    _box(Kind.INBOX),
    _box(Kind.OUTBOX),
    Rule(
        "duplicate box",
        select(collection.c.owner_id, collection.c.kind, func.count())
        .where(
            collection.c.kind.in_([literal(Kind.INBOX.value), literal(Kind.OUTBOX.value)]),
            collection.c.trashed_at.is_(None),
        )
        .group_by(collection.c.owner_id, collection.c.kind)
        .having(func.count() > 1),
        "principal {0} has {2} collections of the kind {1}",
    ),
    Rule(
        "default calendar of another",
        without(
            scheduling,
            collection,
            and_(
                collection.c.id == scheduling.c.default_calendar_id,
                collection.c.owner_id == scheduling.c.owner_id,
                collection.c.kind == Kind.CALENDAR.value,
            ),
            scheduling.c.owner_id,
            scheduling.c.default_calendar_id,
        ),
        "invitations of principal {0} go to {1}, which is no calendar of theirs",
    ),
    Rule(
        "task without owner or message",
        select(task.c.id, task.c.owner_id, task.c.message_id)
        .select_from(
            task.outerjoin(principal, principal.c.id == task.c.owner_id).outerjoin(
                message, message.c.id == task.c.message_id
            )
        )
        .where(
            or_(
                principal.c.id.is_(None),
                and_(task.c.message_id.is_not(None), message.c.id.is_(None)),
            )
        ),
        "task {0} is for principal {1} about message {2}: one of the two does not exist",
    ),
)
