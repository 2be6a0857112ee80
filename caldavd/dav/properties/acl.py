"""RFC 3744 §4 and §5, as far as one's own principal and privileges go."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from caldavd.acl.privileges import Privilege, names
from caldavd.dav.property import ANY, Fact, Property, View
from caldavd.model import Calendar, CalendarObject, Home, Principal
from caldavd.names import DAV
from caldavd.xml import write


def _principal_url(view: View) -> str:
    return write.href(view.urls.principal(view.actor.name))


def _principal_collection_set(view: View) -> str:
    return write.href(view.urls.principals)


def _owner(view: View) -> str | None:
    # Only its owner reaches a resource so far, so the actor is the owner.
    return write.href(view.urls.principal(view.actor.name))


def _current_user_privilege_set(view: View) -> str:
    return _privileges(view.privileges)


@lru_cache(maxsize=256)
def _privileges(held: Privilege) -> str:
    return "".join(f"<D:privilege>{write.element(name)}</D:privilege>" for name in names(held))


def _empty(view: View) -> str:
    return ""


PROPERTIES: Final = (
    Property(DAV + "principal-URL", (Principal,), _principal_url),
    Property(DAV + "principal-collection-set", ANY, _principal_collection_set),
    Property(DAV + "owner", (Home, Calendar, CalendarObject), _owner),
    Property(
        DAV + "current-user-privilege-set",
        ANY,
        _current_user_privilege_set,
        needs=Fact.PRIVILEGES,
    ),
    Property(DAV + "alternate-URI-set", (Principal,), _empty),
    Property(DAV + "group-membership", (Principal,), _empty),
)
