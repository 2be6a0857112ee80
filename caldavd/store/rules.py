"""What must hold between the rows of a database, as statements that find where it does not."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, case, func, literal, or_, select

from caldavd.model import Grantee, Kind, PrincipalKind, Proxy
from caldavd.store.collections import PURGING
from caldavd.store.occurrences import COMPONENTS, OTHER
from caldavd.store.reader_rules import READERS
from caldavd.store.room_rules import ROOMS
from caldavd.store.rule import MAX_FOUND, Rule, without
from caldavd.store.scheduling_rules import SCHEDULED
from caldavd.store.sharing_rules import SHARED
from caldavd.store.tables import (
    ace,
    address,
    app_password,
    calendar_object,
    change,
    collection,
    dav_lock,
    delegation,
    invitation,
    link,
    membership,
    occurrence,
    principal,
    property_,
    subscription,
)

_IS_CALENDAR: Final = collection.c.kind == Kind.CALENDAR.value
_HOLDS_OBJECTS: Final = or_(_IS_CALENDAR, collection.c.kind == Kind.INBOX.value)
_IS_HOME: Final = collection.c.kind == Kind.HOME.value
_PRESENT: Final = change.c.deleted == 0
_SAME_MEMBER: Final = and_(
    change.c.collection_id == calendar_object.c.collection_id,
    change.c.name == calendar_object.c.name,
)
_SIZE: Final = func.coalesce(func.sum(calendar_object.c.size_bytes), 0)
_CALENDAR = collection.alias("calendar")
_MEMBER = principal.alias("member")


_REFERENCES: Final = (
    Rule(
        "address without principal",
        without(
            address,
            principal,
            address.c.principal_id == principal.c.id,
            address.c.address,
            address.c.principal_id,
        ),
        "address {0} belongs to principal {1}, which does not exist",
    ),
    Rule(
        "app password without principal",
        without(
            app_password,
            principal,
            app_password.c.principal_id == principal.c.id,
            app_password.c.id,
            app_password.c.principal_id,
        ),
        "app password {0} belongs to principal {1}, which does not exist",
    ),
    Rule(
        "collection without principal",
        without(
            collection,
            principal,
            collection.c.owner_id == principal.c.id,
            collection.c.id,
            collection.c.name,
            collection.c.owner_id,
        ),
        "collection {0} ({1}) belongs to principal {2}, which does not exist",
    ),
    Rule(
        "object without calendar",
        without(
            calendar_object,
            collection,
            and_(
                calendar_object.c.collection_id == collection.c.id,
                calendar_object.c.owner_id == collection.c.owner_id,
                _HOLDS_OBJECTS,
            ),
            calendar_object.c.id,
            calendar_object.c.name,
            calendar_object.c.collection_id,
        ),
        "object {0} ({1}) lies in collection {2}, which takes no objects, or is another's",
    ),
    Rule(
        "change without collection",
        without(
            change,
            collection,
            and_(
                change.c.collection_id == collection.c.id,
                change.c.owner_id == collection.c.owner_id,
            ),
            change.c.name,
            change.c.collection_id,
        ),
        "the change of {0} is of collection {1}, which the change's owner does not have",
    ),
    Rule(
        "occurrence without object",
        without(
            occurrence,
            calendar_object,
            and_(
                occurrence.c.object_id == calendar_object.c.id,
                occurrence.c.collection_id == calendar_object.c.collection_id,
                occurrence.c.owner_id == calendar_object.c.owner_id,
                occurrence.c.kind
                == case(COMPONENTS, value=calendar_object.c.component, else_=OTHER),
            ),
            occurrence.c.object_id,
            occurrence.c.collection_id,
            occurrence.c.starts,
        ),
        "an occurrence of object {0} in collection {1} at {2} fits no object",
    ),
    Rule(
        "property without resource",
        select(property_.c.name, property_.c.resource_id)
        .select_from(
            property_.outerjoin(principal, principal.c.id == property_.c.resource_id)
            .outerjoin(collection, collection.c.id == property_.c.resource_id)
            .outerjoin(calendar_object, calendar_object.c.id == property_.c.resource_id)
        )
        .where(
            or_(
                func.coalesce(principal.c.id, collection.c.id, calendar_object.c.id).is_(None),
                func.coalesce(principal.c.id, collection.c.owner_id, calendar_object.c.owner_id)
                != property_.c.owner_id,
            )
        ),
        "property {0} is of resource {1}, which the property's owner does not have",
    ),
    Rule(
        "lock without collection",
        without(
            dav_lock,
            collection,
            and_(
                dav_lock.c.collection_id == collection.c.id,
                dav_lock.c.owner_id == collection.c.owner_id,
                collection.c.trashed_at.is_(None),
                or_(_IS_CALENDAR, dav_lock.c.name == ""),
            ),
            dav_lock.c.token,
            dav_lock.c.root,
        ),
        "lock {0} of {1} is of nothing that the lock's owner has",
    ),
    Rule(
        "lock without creator",
        without(
            dav_lock,
            principal,
            dav_lock.c.creator_id == principal.c.id,
            dav_lock.c.token,
            dav_lock.c.creator_id,
        ),
        "lock {0} is principal {1}'s, which does not exist",
    ),
)
_ACCESS: Final = (
    Rule(
        "membership without group",
        select(membership.c.member_id, membership.c.group_id)
        .select_from(
            membership.outerjoin(
                principal,
                and_(
                    principal.c.id == membership.c.group_id,
                    principal.c.kind == PrincipalKind.GROUP.value,
                ),
            ).outerjoin(_MEMBER, _MEMBER.c.id == membership.c.member_id)
        )
        .where(or_(principal.c.id.is_(None), _MEMBER.c.id.is_(None))),
        "{0} is in {1}, and one of them does not exist, or is no group",
    ),
    Rule(
        "delegation without principals",
        select(delegation.c.delegate_id, delegation.c.owner_id, delegation.c.level)
        .select_from(
            delegation.outerjoin(principal, principal.c.id == delegation.c.owner_id).outerjoin(
                _MEMBER, _MEMBER.c.id == delegation.c.delegate_id
            )
        )
        .where(
            or_(
                principal.c.id.is_(None),
                principal.c.kind == PrincipalKind.GROUP.value,
                _MEMBER.c.id.is_(None),
                delegation.c.level.not_in([literal(level.value) for level in Proxy]),
            )
        ),
        "principal {0} acts for {1} at level {2}: one of the three does not exist",
    ),
    Rule(
        "access entry without resource",
        without(
            ace,
            collection,
            and_(ace.c.resource_id == collection.c.id, ace.c.owner_id == collection.c.owner_id),
            ace.c.position,
            ace.c.resource_id,
        ),
        "access control entry {0} is of {1}, which the entry's owner does not have",
    ),
    Rule(
        "access entry for nobody",
        select(ace.c.position, ace.c.resource_id, ace.c.grantee, ace.c.principal_id)
        .select_from(ace.outerjoin(principal, principal.c.id == ace.c.principal_id))
        .where(
            or_(
                ace.c.grantee.not_in([literal(grantee.value) for grantee in Grantee]),
                (ace.c.grantee == Grantee.PRINCIPAL.value) != principal.c.id.is_not(None),
            )
        ),
        "access control entry {0} of {1} is for {2}, {3}: that is nobody",
    ),
)
_OUTSIDE: Final = (
    Rule(
        "link without collection",
        without(
            link,
            collection,
            and_(link.c.collection_id == collection.c.id, link.c.owner_id == collection.c.owner_id),
            link.c.id,
            link.c.label,
            link.c.collection_id,
        ),
        "link {0} ({1}) leads to collection {2}, which the link's owner does not have",
    ),
    Rule(
        "subscription without calendar",
        without(
            subscription,
            collection,
            and_(
                subscription.c.collection_id == collection.c.id,
                subscription.c.owner_id == collection.c.owner_id,
                collection.c.subscribed == 1,
                _IS_CALENDAR,
            ),
            subscription.c.collection_id,
        ),
        "a subscription fills collection {0}, which is no subscribed calendar of its owner",
    ),
    Rule(
        "subscribed calendar without subscription",
        without(
            collection,
            subscription,
            subscription.c.collection_id == collection.c.id,
            collection.c.id,
            collection.c.name,
        ).where(collection.c.subscribed != 0),
        "calendar {0} ({1}) is subscribed, and nothing says to what",
    ),
)
_CHANGES: Final = (
    Rule(
        "object without change",
        without(
            calendar_object,
            change,
            and_(_SAME_MEMBER, _PRESENT),
            calendar_object.c.id,
            calendar_object.c.name,
        ),
        "no change tells that object {0} ({1}) is there: clients do not see it",
    ),
    Rule(
        "change without object",
        select(change.c.collection_id, change.c.name)
        .select_from(
            change.join(collection, collection.c.id == change.c.collection_id).outerjoin(
                calendar_object, _SAME_MEMBER
            )
        )
        .where(_HOLDS_OBJECTS, _PRESENT, calendar_object.c.id.is_(None)),
        "a change of collection {0} tells of object {1}, which does not exist",
    ),
    Rule(
        "change without calendar",
        select(change.c.collection_id, change.c.name)
        .select_from(
            change.join(collection, collection.c.id == change.c.collection_id)
            .outerjoin(
                _CALENDAR,
                and_(
                    _CALENDAR.c.owner_id == collection.c.owner_id,
                    _CALENDAR.c.name == change.c.name,
                    _CALENDAR.c.trashed_at.is_(None),
                ),
            )
            .outerjoin(
                invitation,
                and_(
                    invitation.c.owner_id == collection.c.owner_id,
                    invitation.c.name == change.c.name,
                ),
            )
        )
        .where(_IS_HOME, _PRESENT, _CALENDAR.c.id.is_(None), invitation.c.owner_id.is_(None)),
        "a change of home {0} tells of calendar {1}, which does not exist",
    ),
    Rule(
        "revision behind its changes",
        select(collection.c.id, collection.c.revision, func.max(change.c.revision))
        .select_from(collection.join(change, change.c.collection_id == collection.c.id))
        .group_by(collection.c.id, collection.c.revision)
        .having(collection.c.revision < func.max(change.c.revision)),
        "collection {0} is at revision {1} and has a change of revision {2}",
    ),
    Rule(
        "floor above revision",
        select(collection.c.id, collection.c.floor, collection.c.revision).where(
            collection.c.floor > collection.c.revision
        ),
        "collection {0} refuses tokens before revision {1} and is at {2} only",
    ),
)
_MEMBERS: Final = (
    Rule(
        "duplicate UID",
        select(calendar_object.c.collection_id, calendar_object.c.uid, func.count())
        .group_by(calendar_object.c.collection_id, calendar_object.c.uid)
        .having(func.count() > 1),
        "collection {0} holds UID {1} {2} times",
    ),
    Rule(
        "duplicate name",
        select(collection.c.owner_id, collection.c.name, func.count())
        .where(collection.c.trashed_at.is_(None))
        .group_by(collection.c.owner_id, collection.c.name)
        .having(func.count() > 1),
        "principal {0} has collection {1} {2} times",
    ),
    Rule(
        "principal without home",
        without(
            principal,
            collection,
            and_(
                collection.c.owner_id == principal.c.id, _IS_HOME, collection.c.trashed_at.is_(None)
            ),
            principal.c.id,
            principal.c.name,
        ).where(principal.c.kind != PrincipalKind.GROUP.value),
        "principal {0} ({1}) has no calendar home",
    ),
    Rule(
        "component that its calendar does not take",
        select(calendar_object.c.id, calendar_object.c.name, calendar_object.c.component)
        .select_from(
            calendar_object.join(collection, collection.c.id == calendar_object.c.collection_id)
        )
        .where(
            (literal(",") + collection.c.components + ",").not_like(
                literal("%,") + calendar_object.c.component + ",%"
            )
        ),
        "object {0} ({1}) is a {2}, which its calendar does not take",
    ),
    Rule(
        "size of a collection",
        select(collection.c.id, collection.c.size_bytes, _SIZE)
        .select_from(
            collection.outerjoin(
                calendar_object, calendar_object.c.collection_id == collection.c.id
            )
        )
        .where(func.coalesce(collection.c.trashed_at, PURGING + 1) > PURGING)
        .group_by(collection.c.id, collection.c.size_bytes)
        .having(collection.c.size_bytes != _SIZE),
        "collection {0} is said to hold {1} bytes and holds {2}",
    ),
)
RULES: Final = tuple(
    Rule(rule.name, rule.offenders.limit(MAX_FOUND), rule.says)
    for rules in (
        *(_REFERENCES, _ACCESS, READERS, _OUTSIDE, SHARED, SCHEDULED, ROOMS),
        *(_CHANGES, _MEMBERS),
    )
    for rule in rules
)
