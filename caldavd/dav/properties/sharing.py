"""caldav-sharing §5.2 and caldav-notifications §4: with whom calendars are shared."""

from __future__ import annotations

from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav.notification import access, answer, kind, organizer
from caldavd.dav.path import encode
from caldavd.dav.property import Fact, Property, View
from caldavd.model import Calendar, Collection, Level, Notification, Principal
from caldavd.names import CS
from caldavd.service.mounts import address_of
from caldavd.service.notify import NAME
from caldavd.store.shares import EVERYONE, Sharee
from caldavd.xml import write

SHARING: Final = "calendarserver-sharing"
"""The token of the DAV header."""
NO_SCHEDULING: Final = "calendarserver-sharing-no-scheduling"
GROUPS: Final = "calendarserver-group-sharee"
INVITES: Final = Privilege.WRITE_ACL
"""What it takes to share a calendar, and to see with whom it is shared."""


def _invite(view: View) -> str | None:
    """The owner, and the sharees; who may not invite others learns of nobody else."""
    match view.resource:
        case Calendar(collection) if collection.shared:
            return _organizer(view, collection) + "".join(
                _user(view, one)
                for one in view.people.sharees.get(collection.id, ())
                if one.level is not Level.FREE_BUSY
                if INVITES in view.privileges or one.sharee_id == view.actor.id
            )
    return None


def _organizer(view: View, collection: Collection) -> str:
    owner = view.people.organizers[collection.owner_id]
    return organizer(address_of(owner), owner.display_name or owner.name)


def _user(view: View, one: Sharee) -> str:
    name = one.common_name or one.display_name or one.name
    summary = write.text_element(CS + "summary", one.summary) if one.summary else ""
    content = write.href(_href(view, one))
    content += write.text_element(CS + "common-name", name or "Everyone")
    return write.element(CS + "user", content + answer(one.answer) + access(one.level) + summary)


def _href(view: View, one: Sharee) -> str:
    """An address by which the sharee can be named again."""
    if one.sharee_id == EVERYONE:
        return view.urls.principals
    return f"mailto:{one.address}" if one.address else view.urls.principal(one.name)


def _modes(view: View) -> str | None:
    return "<CS:can-be-shared/>" if INVITES in view.privileges else None


def _shared_url(view: View) -> str | None:
    match view.resource:
        case Calendar(collection, mount) if mount is not None:
            home = view.urls.home(view.people.names[collection.owner_id])
            return write.href(f"{home}{encode(mount.source)}/")
    return None


def _notification_url(view: View) -> str | None:
    match view.resource:
        case Principal(id=id_, name=name) if id_ == view.actor.id:
            return write.href(f"{view.urls.home(name)}{NAME}/")
    return None


def _notification_type(view: View) -> str | None:
    match view.resource:
        case Notification(notice=notice):
            return kind(notice)
    return None


PROPERTIES: Final = (
    Property(
        CS + "invite",
        (Calendar,),
        _invite,
        needs=Fact.SHAREES | Fact.PRIVILEGES,
        feature=SHARING,
    ),
    Property(
        CS + "allowed-sharing-modes",
        (Calendar,),
        _modes,
        needs=Fact.PRIVILEGES,
        feature=NO_SCHEDULING,
    ),
    Property(CS + "shared-url", (Calendar,), _shared_url, needs=Fact.OWNERS, feature=GROUPS),
    Property(CS + "notification-URL", (Principal,), _notification_url),
    Property(CS + "notificationtype", (Notification,), _notification_type),
)
