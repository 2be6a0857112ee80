"""RFC 4918 §15.8 lockdiscovery, §15.10 supportedlock."""

from __future__ import annotations

from typing import Final

from caldavd.dav import lockinfo
from caldavd.dav.property import Fact, Property, View
from caldavd.model import Calendar, CalendarObject, Collection, Home, Kind, Unmapped
from caldavd.names import DAV
from caldavd.service import locks


def _lockdiscovery(view: View) -> str:
    where = locks.spot(view.resource)
    if where is None or not view.locks.every:
        return ""
    return lockinfo.discovery(view.locks.covering(where), view.now)


def _supportedlock(view: View) -> str:
    match view.resource:
        case CalendarObject(Collection(kind=Kind.INBOX.value)):
            return ""
    return lockinfo.SUPPORTED


_LOCKABLE: Final = (Home, Calendar, CalendarObject, Unmapped)

PROPERTIES: Final = (
    Property(
        DAV + "lockdiscovery",
        _LOCKABLE,
        _lockdiscovery,
        needs=Fact.LOCKS,
        allprop=True,
    ),
    Property(DAV + "supportedlock", _LOCKABLE, _supportedlock, allprop=True),
)
