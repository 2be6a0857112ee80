"""RFC 4918 §15, RFC 3253 §3, RFC 5397, RFC 5842 resource-id, RFC 5995 add-member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from caldavd.dav import notification
from caldavd.dav.message import http_date
from caldavd.dav.property import ANY, Fact, Property, Update, View
from caldavd.errors import Failed
from caldavd.model import (
    Calendar,
    CalendarObject,
    Home,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Principal,
    Proxy,
    ProxyGroup,
)
from caldavd.names import DAV
from caldavd.xml import write
from caldavd.xml.parse import Element, raw_text, serialized

MAX_TEXT: Final = 10_000
MAX_ELEMENT: Final = 6 * MAX_TEXT
"""Characters of the element as it is kept: each of the text may be escaped."""
MEDIA_TYPE: Final = "text/calendar; charset=utf-8"


def _resourcetype(view: View) -> str:
    match view.resource:
        case CalendarObject() | Notification():
            return ""
        case Calendar() as calendar:
            return "<D:collection/><C:calendar/>" + _sharing(view, calendar)
        case ProxyGroup(level=Proxy.READ):
            return "<D:collection/><D:principal/><CS:calendar-proxy-read/>"
        case ProxyGroup(level=Proxy.WRITE):
            return "<D:collection/><D:principal/><CS:calendar-proxy-write/>"
    return "<D:collection/>" + _ALSO.get(type(view.resource), "")


_ALSO: Final[Mapping[type, str]] = {
    Notifications: "<CS:notification/>",
    Inbox: "<C:schedule-inbox/>",
    Outbox: "<C:schedule-outbox/>",
    Principal: "<D:principal/>",
}


def _sharing(view: View, calendar: Calendar) -> str:
    """Whether it is the actor's and others have it too, or the other way about."""
    if calendar.mount is not None:
        return "<CS:shared/>"
    mine = calendar.collection.owner_id == view.actor.id
    return "<CS:shared-owner/>" if mine and calendar.collection.shared else ""


def _displayname(view: View) -> str | None:
    own = view.stored.get(DAV + "displayname")
    if own is not None:
        return own
    match view.resource:
        case Principal(display_name=name, name=account):
            return write.text_element(DAV + "displayname", name or account)
        # Never empty: a client shows it as the name of the calendar.
        case Calendar(collection, mount):
            name = collection.name if mount is None else mount.source
            return write.text_element(DAV + "displayname", name)
        case Inbox():
            return write.text_element(DAV + "displayname", "Inbox")
        case Outbox():
            return write.text_element(DAV + "displayname", "Outbox")
        case Home(collection):
            name = view.people.names.get(collection.owner_id, collection.name)
            return write.text_element(DAV + "displayname", name)
        case ProxyGroup(owner, level):
            whose = owner.display_name or owner.name
            words = "read" if level is Proxy.READ else "read and write"
            return write.text_element(DAV + "displayname", f"{whose}: delegates who {words}")
    return None


def _set_displayname(element: Element) -> tuple[Update, ...]:
    if len(raw_text(element)) > MAX_TEXT:
        raise Failed(403, f"a displayname is at most {MAX_TEXT} characters long")
    if len(serialized(element)) > MAX_ELEMENT:
        raise Failed(403, "this displayname has more markup than text")
    if not raw_text(element).strip():
        return ((DAV + "displayname", None),)
    return ((DAV + "displayname", serialized(element)),)


def _getetag(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=stored):
            return f'"{stored.etag}"'
        case Notification(stored=told):
            return f'"{told.etag}"'
        case Calendar(collection) | Home(collection) | Notifications(collection):
            return f'"{collection.etag}"'
        case Inbox(collection) | Outbox(collection):
            return f'"{collection.etag}"'
    return None


def _getcontenttype(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=stored):
            return f"{MEDIA_TYPE}; component={stored.component}"
        case Notification():
            return write.CONTENT_TYPE
    return None


def _getcontentlength(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=stored):
            return str(stored.size_bytes if view.size is None else view.size)
        case Notification(notice=notice):
            return str(len(notification.body(notice, view.urls)))
    return None


def _getlastmodified(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=stored):
            return http_date(stored.modified_at)
        case Notification(stored=told):
            return http_date(told.created_at)
        case Calendar(collection) | Home(collection) | Notifications(collection):
            return http_date(collection.modified_at)
        case Inbox(collection) | Outbox(collection):
            return http_date(collection.modified_at)
    return None


def _creationdate(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=stored):
            created = stored.created_at
        case Notification(stored=told):
            created = told.created_at
        case Calendar(collection) | Home(collection) | Inbox(collection) | Outbox(collection):
            created = collection.created_at
        case Principal(created_at=created_at):
            created = created_at
        case _:
            return None
    return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _current_user_principal(view: View) -> str:
    return write.href(view.urls.principal(view.actor.name))


def _resource_id(view: View) -> str | None:
    match view.resource:
        case Principal(uuid=uuid):
            return write.href(f"urn:uuid:{uuid}")
        case Calendar(collection) | Home(collection) | Inbox(collection) | Outbox(collection):
            return write.href(f"urn:uuid:{collection.uuid}")
    return None


def _add_member(view: View) -> str:
    return write.href(view.href)


_FILES: Final = (CalendarObject, Notification)
_BOXES: Final = (Inbox, Outbox)
_ROWED: Final = (Principal, Home, Calendar, CalendarObject, Notification, *_BOXES)
_STATED: Final = (Home, Calendar, CalendarObject, Notifications, Notification, *_BOXES)

PROPERTIES: Final = (
    Property(DAV + "resourcetype", ANY, _resourcetype, allprop=True),
    Property(
        DAV + "displayname",
        (Principal, Home, Calendar, CalendarObject, *_BOXES),
        _displayname,
        set=_set_displayname,
        needs=Fact.STORED | Fact.OWNERS,
        allprop=True,
        whole=True,
        own=True,
    ),
    Property(DAV + "displayname", (ProxyGroup,), _displayname, allprop=True, whole=True),
    Property(DAV + "getetag", _STATED, _getetag, allprop=True),
    Property(DAV + "getcontenttype", _FILES, _getcontenttype, allprop=True),
    Property(DAV + "getcontentlength", _FILES, _getcontentlength, needs=Fact.SIZE, allprop=True),
    Property(DAV + "getlastmodified", _STATED, _getlastmodified, allprop=True),
    Property(DAV + "creationdate", _ROWED, _creationdate, allprop=True),
    Property(DAV + "current-user-principal", ANY, _current_user_principal),
    Property(DAV + "resource-id", (Principal, Home, Calendar, *_BOXES), _resource_id),
    Property(DAV + "add-member", (Calendar,), _add_member),
)
