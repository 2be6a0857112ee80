"""RFC 6578 §4 sync-token, and calendarserver.org's getctag."""

from __future__ import annotations

from typing import Final

from caldavd.acl.effective import sight
from caldavd.dav.property import Fact, Property, View
from caldavd.model import Calendar, Home, Inbox, Notifications, Outbox
from caldavd.names import CS, DAV
from caldavd.service import sync


def _token(view: View) -> str | None:
    match view.resource:
        case Calendar(collection) | Inbox(collection) | Outbox(collection):
            return sync.token(collection, sight(view.actor, collection, view.people.grants))
        case Notifications(collection):
            return sync.token(collection)
        case Home(collection):
            return sync.home_token(collection, view.calendars)
    return None


PROPERTIES: Final = (
    Property(DAV + "sync-token", (Calendar, Inbox, Outbox), _token, needs=Fact.PRIVILEGES),
    Property(CS + "getctag", (Calendar, Inbox, Outbox), _token, needs=Fact.PRIVILEGES),
    Property(DAV + "sync-token", (Notifications,), _token),
    Property(CS + "getctag", (Notifications,), _token),
    Property(DAV + "sync-token", (Home,), _token, needs=Fact.CALENDARS),
    Property(CS + "getctag", (Home,), _token, needs=Fact.CALENDARS),
)
