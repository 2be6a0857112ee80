"""RFC 4331 §3 quota-available-bytes, §4 quota-used-bytes: those of the owner, wherever asked."""

from __future__ import annotations

from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav.property import Fact, Getter, Property, View
from caldavd.model import Calendar, Home
from caldavd.names import DAV
from caldavd.service.quota import bound_of
from caldavd.store.quota import Usage


def _usage(view: View) -> Usage | None:
    match view.resource:
        case Home(collection) | Calendar(collection):
            return view.usage.get(collection.owner_id)
    return None


def _used(view: View) -> str | None:
    usage = _usage(view)
    return None if usage is None else str(usage.used_bytes)


def _available(view: View) -> str | None:
    """None where there is no quota: how much room the disk has is not told."""
    usage = _usage(view)
    bound = 0 if usage is None else bound_of(usage.quota_bytes, view.limits.quota_bytes)
    return str(max(bound - usage.used_bytes, 0)) if usage is not None and bound else None


def _row(name: str, get: Getter) -> Property:
    # Who only reads a calendar has no use for how much its owner has in all others together.
    writes = Privilege.WRITE_PROPERTIES
    return Property(DAV + name, (Home, Calendar), get, needs=Fact.QUOTA, requires=writes)


PROPERTIES: Final = (
    _row("quota-used-bytes", _used),
    _row("quota-available-bytes", _available),
)
