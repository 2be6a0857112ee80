"""What an actor may do with a resource (RFC 3744 §5.4): the one function that every door asks."""

from __future__ import annotations

from caldavd.acl.privileges import (
    DELIVER,
    INBOX,
    INBOX_TREE,
    LEVELS,
    OUTBOX,
    OUTBOX_TREE,
    OWNER,
    PROXIES,
    READ_ONLY,
    READER,
    SEND,
    SUBSCRIBED,
    WRITE,
    Node,
    Privilege,
    from_bits,
)
from caldavd.model import (
    Access,
    Actor,
    Box,
    Calendar,
    CalendarObject,
    Collection,
    Grants,
    Home,
    HomeCollection,
    Inbox,
    Kind,
    Level,
    Mount,
    Notification,
    Notifications,
    Outbox,
    Principal,
    PrincipalCollection,
    Proxy,
    ProxyGroup,
    Resource,
    Root,
    Sight,
    Stored,
    Unmapped,
)


def effective(actor: Actor, resource: Resource, grants: Grants) -> Privilege:
    """The leaf privileges that an actor holds on a resource.

    An owner holds all. What is granted on a home holds for its calendars, and what is granted on a
    calendar for its objects. Principals are read by everybody who can see them, the collections
    above by everybody. `grants` need to tell of others' resources only. What a feed fills is only
    read: it may be named, coloured, granted, and removed as a whole. So is what is seen masked.
    Notifications are their user's alone, whoever else may see the home. Messages in an inbox are
    read, and removed.
    """
    match resource:
        case CalendarObject(collection, stored, sight):
            return _of_object(_of_parent(actor, collection, grants), collection, stored, sight)
        case Calendar(collection):
            return _of_calendar(actor, collection, grants)
        case Inbox() | Outbox():
            return _of_box(actor, resource, grants)
        case Home(collection):
            return of_home(actor, collection.owner_id, grants)
        case Principal() | ProxyGroup() | Notifications() | Notification():
            return _of_its_own(actor, resource, grants)
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


def knows(held: Privilege) -> bool:
    """Whether who holds that on something may know that it is there.

    Whoever may deliver to an inbox gives the server a message, and no request leads there. One does
    to an outbox: whoever may send asks there when others are busy.
    """
    return bool(held & ~DELIVER)


def above(actor: Actor, resource: Resource, grants: Grants) -> Privilege:
    """The leaf privileges on the collection that a resource lies in: what it is removed by."""
    match resource:
        case Calendar(mount=Mount()):
            # Nobody but the actor sees the mounts of a home.
            return OWNER
        case Calendar(collection):
            return of_home(actor, collection.owner_id, grants)
        case CalendarObject(collection, stored, sight):
            held = _of_parent(actor, collection, grants)
            return held & READ_ONLY if is_masked(stored, sight) else held
        case Notification() | Unmapped():
            return effective(actor, resource, grants)
    return Privilege.NONE


def sight(actor: Actor, calendar: Collection, grants: Grants) -> Sight:
    """How an actor sees the objects of a calendar.

    As they are: their owner, and the owner's delegates who may write. Who may grant privileges on
    the calendar sees all of them. With whom it is shared as busy blocks sees no more, unless
    something else lets them read.
    """
    if calendar.owner_id == actor.id or grants.proxies.get(calendar.owner_id) is Proxy.WRITE:
        return Sight.FULL
    if Privilege.WRITE_ACL in _of_calendar(actor, calendar, grants):
        return Sight.OPEN
    if grants.shares.get(calendar.id) is Level.BUSY:
        reads = Privilege.READ in _granted(actor, calendar, grants)
        return Sight.DETAILS if reads else Sight.BUSY
    return Sight.DETAILS


def most_closed(sight: Sight) -> Access:
    """The most closed objects that are there for those who see a calendar so.

    Who sees busy blocks alone sees those of private objects too: they know no more by them than by
    free/busy, which is theirs.
    """
    return Access.CONFIDENTIAL if sight is Sight.DETAILS else Access.PRIVATE


def is_hidden(stored: Stored, sight: Sight) -> bool:
    """Whether an object does not exist for those who see its calendar so."""
    return stored.access > most_closed(sight)


def is_masked(stored: Stored, sight: Sight) -> bool:
    """Whether those who see its calendar so see when an object is, and nothing of what it is."""
    return sight is Sight.BUSY or (sight is Sight.DETAILS and stored.access != Access.PUBLIC)


def _of_object(held: Privilege, calendar: Collection, stored: Stored, sight: Sight) -> Privilege:
    if is_hidden(stored, sight):
        return Privilege.NONE
    if calendar.subscribed or is_masked(stored, sight) or calendar.kind == Kind.INBOX.value:
        return held & READ_ONLY
    return held


def _of_parent(actor: Actor, of: Collection, grants: Grants) -> Privilege:
    """What an actor holds on a collection of calendar objects."""
    if of.kind == Kind.INBOX.value:
        return _of_box(actor, Inbox(of), grants)
    return _of_calendar(actor, of, grants)


def _of_box(actor: Actor, box: Box, grants: Grants) -> Privilege:
    """What an actor holds on an inbox or outbox; whoever writes for its owner sends, too."""
    match box:
        case Inbox(collection):
            return _on_box(actor, collection, grants, INBOX_TREE) & INBOX
        case Outbox(collection):
            writes = grants.proxies.get(collection.owner_id) is Proxy.WRITE
            sends = SEND if writes else Privilege.NONE
            return (_on_box(actor, collection, grants, OUTBOX_TREE) | sends) & OUTBOX


def _on_box(actor: Actor, box: Collection, grants: Grants, tree: Node) -> Privilege:
    if box.owner_id == actor.id:
        return tree.leaves
    bits = grants.homes.get(box.owner_id, 0) | grants.calendars.get(box.id, 0)
    level = grants.proxies.get(box.owner_id)
    return from_bits(bits, tree) | (Privilege.NONE if level is None else PROXIES[level])


def _of_calendar(actor: Actor, calendar: Collection, grants: Grants) -> Privilege:
    held = _granted(actor, calendar, grants)
    level = grants.shares.get(calendar.id)
    if held != OWNER and level is not None:
        held |= LEVELS[level]
    return held & SUBSCRIBED if calendar.subscribed else held


def _granted(actor: Actor, calendar: Collection, grants: Grants) -> Privilege:
    """What an actor holds on a calendar without shares."""
    held = of_home(actor, calendar.owner_id, grants)
    return held if held == OWNER else held | from_bits(grants.calendars.get(calendar.id, 0))


def _of_its_own(
    actor: Actor, resource: Principal | ProxyGroup | Notifications | Notification, grants: Grants
) -> Privilege:
    """What belongs to one alone, and no entry is looked at."""
    match resource:
        case ProxyGroup(owner):
            return _of_proxy_group(actor, owner, grants)
        case Principal(id=id_):
            return OWNER if id_ == actor.id else READER
        case Notifications(collection) | Notification(collection):
            return OWNER if collection.owner_id == actor.id else Privilege.NONE


def _of_proxy_group(actor: Actor, owner: Principal, grants: Grants) -> Privilege:
    """Who somebody's delegates are concerns the two sides alone."""
    if owner.id == actor.id:
        return OWNER
    return READER if owner.id in grants.proxies else Privilege.NONE
