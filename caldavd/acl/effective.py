"""What an actor may do with a resource (RFC 3744 §5.4): the one function that every door asks."""

from __future__ import annotations

from caldavd.acl.privileges import (
    LEVELS,
    OWNER,
    PROXIES,
    READER,
    SUBSCRIBED,
    SUBSCRIBED_OBJECT,
    WRITE,
    Privilege,
    from_bits,
)
from caldavd.model import (
    Actor,
    Calendar,
    CalendarObject,
    Collection,
    Grants,
    Home,
    HomeCollection,
    Mount,
    Notification,
    Notifications,
    Principal,
    PrincipalCollection,
    ProxyGroup,
    Resource,
    Root,
    Unmapped,
)


def effective(actor: Actor, resource: Resource, grants: Grants) -> Privilege:
    """The leaf privileges that an actor holds on a resource.

    An owner holds all. What is granted on a home holds for its calendars, and what is granted on a
    calendar for its objects. Principals are read by everybody who can see them, the collections
    above by everybody. `grants` need to tell of others' resources only. What a feed fills is only
    read: it may be named, coloured, granted, and removed as a whole. Notifications are their
    user's alone, whoever else may see the home.
    """
    match resource:
        case CalendarObject(collection):
            held = _of_calendar(actor, collection, grants)
            return held & SUBSCRIBED_OBJECT if collection.subscribed else held
        case Calendar(collection):
            return _of_calendar(actor, collection, grants)
        case Home(collection):
            return of_home(actor, collection.owner_id, grants)
        case ProxyGroup(owner):
            return _of_proxy_group(actor, owner, grants)
        case Principal() | Notifications() | Notification():
            return _of_its_own(actor, resource)
        case Root() | PrincipalCollection() | HomeCollection():
            return READER
        case Unmapped(parent):
            return Privilege.NONE if parent is None else effective(actor, parent, grants)


def of_home(actor: Actor, owner_id: int, grants: Grants) -> Privilege:
    """The leaf privileges on somebody's home, and so on everything in it."""
    if owner_id == actor.id:
        return OWNER
    held = from_bits(grants.homes.get(owner_id, 0))
    level = grants.proxies.get(owner_id)
    return held if level is None else held | PROXIES[level]


def knows_members(held: Privilege) -> bool:
    """Whether who holds that on a calendar may know which objects are in it.

    Whoever only knows when its owner is busy does not.
    """
    return Privilege.READ in held or bool(held & WRITE)


def above(actor: Actor, resource: Resource, grants: Grants) -> Privilege:
    """The leaf privileges on the collection that a resource lies in: what it is removed by."""
    match resource:
        case Calendar(mount=Mount()):
            # Nobody but the actor sees the mounts of a home.
            return OWNER
        case Calendar(collection):
            return of_home(actor, collection.owner_id, grants)
        case CalendarObject(collection):
            return _of_calendar(actor, collection, grants)
        case Notification() | Unmapped():
            return effective(actor, resource, grants)
    return Privilege.NONE


def _of_calendar(actor: Actor, calendar: Collection, grants: Grants) -> Privilege:
    held = of_home(actor, calendar.owner_id, grants)
    if held != OWNER:
        held |= from_bits(grants.calendars.get(calendar.id, 0))
        level = grants.shares.get(calendar.id)
        if level is not None:
            held |= LEVELS[level]
    return held & SUBSCRIBED if calendar.subscribed else held


def _of_its_own(actor: Actor, resource: Principal | Notifications | Notification) -> Privilege:
    """What belongs to one alone, and no grant is looked at."""
    match resource:
        case Principal(id=id_):
            return OWNER if id_ == actor.id else READER
        case Notifications(collection) | Notification(collection):
            return OWNER if collection.owner_id == actor.id else Privilege.NONE


def _of_proxy_group(actor: Actor, owner: Principal, grants: Grants) -> Privilege:
    """Who somebody's delegates are concerns the two sides alone."""
    if owner.id == actor.id:
        return OWNER
    return READER if owner.id in grants.proxies else Privilege.NONE
