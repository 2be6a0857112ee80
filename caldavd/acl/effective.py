"""What an actor may do with a resource (RFC 3744 §5.4): the one function that every door asks."""

from __future__ import annotations

from caldavd.acl.privileges import OWNER, READER, SUBSCRIBED, SUBSCRIBED_OBJECT, Privilege
from caldavd.model import (
    Actor,
    Calendar,
    CalendarObject,
    Home,
    HomeCollection,
    Principal,
    PrincipalCollection,
    Resource,
    Root,
    Unmapped,
)


def effective(actor: Actor, resource: Resource) -> Privilege:
    """The leaf privileges that an actor holds on a resource.

    What belongs to somebody is that somebody's alone; the collections above are read by all. What
    a feed fills is only read: its owner may name it, colour it and remove it as a whole.
    """
    match resource:
        case CalendarObject(collection) if collection.subscribed:
            owner_id, held = collection.owner_id, SUBSCRIBED_OBJECT
        case Calendar(collection) if collection.subscribed:
            owner_id, held = collection.owner_id, SUBSCRIBED
        case CalendarObject(collection) | Calendar(collection) | Home(collection):
            owner_id, held = collection.owner_id, OWNER
        case Principal(id=owner_id):
            held = OWNER
        case Root() | PrincipalCollection() | HomeCollection():
            return READER
        case Unmapped(parent):
            return Privilege.NONE if parent is None else effective(actor, parent)
    return held if owner_id == actor.id else Privilege.NONE
