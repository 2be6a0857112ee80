"""What must hold between the rows of what is shared."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, exists, literal, or_, select

from caldavd.model import Answer, Kind, Level, PrincipalKind
from caldavd.store.rule import Rule, without
from caldavd.store.tables import (
    change,
    collection,
    invitation,
    notification,
    principal,
    share,
)

_IS_CALENDAR: Final = collection.c.kind == Kind.CALENDAR.value
_PRESENT: Final = change.c.deleted == 0
_TOLD: Final = and_(
    change.c.collection_id == notification.c.collection_id, change.c.name == notification.c.name
)
_STANDS: Final = exists().where(
    share.c.collection_id == collection.c.id, share.c.level >= literal(Level.BUSY.value)
)
SHARED: Final = (
    Rule(
        "share without calendar",
        without(
            share,
            collection,
            and_(
                share.c.collection_id == collection.c.id,
                share.c.owner_id == collection.c.owner_id,
                _IS_CALENDAR,
            ),
            share.c.id,
            share.c.collection_id,
        ),
        "share {0} is of collection {1}, which is no calendar of its owner",
    ),
    Rule(
        "share with nobody",
        select(share.c.id, share.c.sharee_id, share.c.level)
        .select_from(share.outerjoin(principal, principal.c.id == share.c.sharee_id))
        .where(
            or_(
                share.c.level.not_in([literal(level.value) for level in Level]),
                and_(share.c.sharee_id != 0, principal.c.id.is_(None)),
                share.c.sharee_id == share.c.owner_id,
            )
        ),
        "share {0} is with {1} at level {2}: one of the two does not exist, or owns the calendar",
    ),
    Rule(
        "calendar that does not know of its shares",
        select(collection.c.id, collection.c.name, collection.c.shared).where(
            (collection.c.shared == 1) != _STANDS
        ),
        "calendar {0} ({1}) has {2} for whether it is shared, and its shares say otherwise",
    ),
    Rule(
        "invitation without calendar",
        select(invitation.c.owner_id, invitation.c.collection_id)
        .select_from(
            invitation.outerjoin(
                collection, and_(collection.c.id == invitation.c.collection_id, _IS_CALENDAR)
            ).outerjoin(
                principal,
                and_(
                    principal.c.id == invitation.c.owner_id,
                    principal.c.kind != PrincipalKind.GROUP.value,
                ),
            )
        )
        .where(
            or_(
                collection.c.id.is_(None),
                principal.c.id.is_(None),
                collection.c.owner_id == invitation.c.owner_id,
            )
        ),
        "{0} is invited to {1}: one of the two does not exist, or owns the other",
    ),
    Rule(
        "invitation whose answer is another",
        select(invitation.c.owner_id, invitation.c.collection_id, invitation.c.answer).where(
            or_(
                invitation.c.answer.not_in([literal(one.value) for one in Answer]),
                (invitation.c.answer == Answer.ACCEPTED.value) != invitation.c.name.is_not(None),
            )
        ),
        "what {0} answered to the invitation to {1} is {2}, and the home says otherwise",
    ),
    Rule(
        "mount beside a calendar",
        select(invitation.c.owner_id, invitation.c.name).join(
            collection,
            and_(
                collection.c.owner_id == invitation.c.owner_id,
                collection.c.name == invitation.c.name,
                collection.c.trashed_at.is_(None),
            ),
        ),
        "principal {0} has a calendar and a mount of the name {1}: the mount is not seen",
    ),
    Rule(
        "notification without collection",
        without(
            notification,
            collection,
            and_(
                notification.c.collection_id == collection.c.id,
                notification.c.owner_id == collection.c.owner_id,
                collection.c.kind == Kind.NOTIFICATIONS.value,
            ),
            notification.c.id,
            notification.c.collection_id,
        ),
        "notification {0} lies in collection {1}, which is none of its owner's notifications",
    ),
    Rule(
        "notification without change",
        without(
            notification, change, and_(_TOLD, _PRESENT), notification.c.id, notification.c.name
        ),
        "no change tells that notification {0} ({1}) is there: clients do not see it",
    ),
    Rule(
        "change without notification",
        select(change.c.collection_id, change.c.name)
        .select_from(
            change.join(collection, collection.c.id == change.c.collection_id).outerjoin(
                notification, _TOLD
            )
        )
        .where(
            collection.c.kind == Kind.NOTIFICATIONS.value,
            _PRESENT,
            notification.c.id.is_(None),
        ),
        "a change of collection {0} tells of notification {1}, which does not exist",
    ),
)
