"""RFC 3744 §5: who owns a resource, and who may do what with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from caldavd.acl.privileges import (
    OWNER,
    PROXIES,
    READER,
    SEND,
    TREE,
    Node,
    Privilege,
    from_bits,
    largest,
    names,
    tree_of,
)
from caldavd.dav.path import encode
from caldavd.dav.people import owner_of
from caldavd.dav.property import ANY, PRINCIPALS, Fact, Property, View
from caldavd.model import (
    Ace,
    Calendar,
    CalendarObject,
    Collection,
    Grantee,
    Home,
    HomeCollection,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Principal,
    PrincipalCollection,
    Proxy,
    ProxyGroup,
    Root,
)
from caldavd.names import DAV
from caldavd.xml import write

_LISTED: Final = (*PRINCIPALS, Home, Calendar, CalendarObject, Inbox, Outbox)
"""Those whose list depends on what somebody granted, or on whose they are."""
_TOLD: Final = (Notifications, Notification)
_SHARED: Final = (Root, PrincipalCollection, HomeCollection)
"""The collections that belong to nobody."""
_OWNER: Final = "<D:property><D:owner/></D:property>"
_GRANTEES: Final = {
    Grantee.ALL: "<D:all/>",
    Grantee.AUTHENTICATED: "<D:authenticated/>",
    Grantee.OWNER: _OWNER,
}
_PROTECTED: Final = "<D:protected/>"


def _principal_collection_set(view: View) -> str:
    return write.href(view.urls.principals)


def _owner(view: View) -> str | None:
    name = view.people.names.get(owner_of(view.resource) or 0)
    return None if name is None else write.href(view.urls.principal(name))


def _nobody(view: View) -> str:
    """RFC 3744 §5.1 and §5.2 let a server say by an empty value that there is none."""
    return ""


def _current_user_privilege_set(view: View) -> str:
    type_: type = type(view.resource)
    return _privileges(view.privileges, type_)


@lru_cache(maxsize=256)
def _privileges(held: Privilege, type_: type) -> str:
    found = names(held, tree_of(type_))
    return "".join(f"<D:privilege>{write.element(name)}</D:privilege>" for name in found)


def _supported_privilege_set(view: View) -> str:
    type_: type = type(view.resource)
    return _supported_of(type_)


@lru_cache(maxsize=32)
def _supported_of(type_: type) -> str:
    return _supported(tree_of(type_))


def _supported(node: Node) -> str:
    parts = "".join(map(_supported, node.parts))
    return (
        f"<D:supported-privilege><D:privilege>{write.element(node.name)}</D:privilege>"
        f'<D:description xml:lang="en">{write.escape(node.description)}</D:description>'
        f"{parts}</D:supported-privilege>"
    )


def _acl(view: View) -> str:
    """Entries of the resource's own, then those that it inherits (RFC 3744 §5.5.4).

    The collections above homes and principals are read by everybody, and changed by nobody.
    """
    match view.resource:
        case Home():
            return _all(_OWNER) + _proxies(view, _PROTECTED) + _of_home(view, "")
        case Calendar() | CalendarObject() | Inbox() | Outbox():
            return _all(_OWNER) + _in_home(view) + _inherited(view)
        case Principal():
            return _all("<D:self/>") + _ace("<D:authenticated/>", READER, _PROTECTED)
        case ProxyGroup():
            return _all(_OWNER) + _ace("<D:self/>", READER, _PROTECTED)
        case Notifications() | Notification():
            return _all(_OWNER)
    return _ace("<D:authenticated/>", READER, _PROTECTED)


def _in_home(view: View) -> str:
    """The entries of what lies in a home, or of the calendar that an object lies in."""
    match view.resource:
        case CalendarObject(collection):
            href = view.urls.home(_owners_name(view)) + encode(collection.name) + "/"
            return _of_calendar(view, collection, _from(href))
        case Outbox(collection):
            return _senders(view) + _of_calendar(view, collection, "")
        case Calendar(collection) | Inbox(collection):
            return _of_calendar(view, collection, "")
    return ""


def _all(who: str) -> str:
    return _ace(who, OWNER, _PROTECTED)


def _inherited(view: View) -> str:
    """What holds in a home for everything in it."""
    origin = _from(view.urls.home(_owners_name(view)))
    return _proxies(view, origin) + _of_home(view, origin)


def _proxies(view: View, origin: str) -> str:
    owner = _owners_name(view)
    return "".join(
        _ace(write.href(view.urls.proxy_group(owner, level)), privileges, origin)
        for level, privileges in PROXIES.items()
    )


def _senders(view: View) -> str:
    """Delegates who may write send for the owner, too."""
    group = view.urls.proxy_group(_owners_name(view), Proxy.WRITE)
    return _ace(write.href(group), SEND, _PROTECTED, tree_of(Outbox))


def _of_home(view: View, origin: str) -> str:
    return _entries(view, view.people.homes.get(owner_of(view.resource) or 0, ()), origin)


def _of_calendar(view: View, calendar: Collection, origin: str) -> str:
    return _entries(view, view.people.calendars.get(calendar.id, ()), origin)


def _entries(view: View, entries: Iterable[Ace], origin: str) -> str:
    tree = tree_of(type(view.resource))
    return "".join(
        _ace(_grantee(view, entry), from_bits(entry.privileges, tree), origin, tree)
        for entry in entries
    )


def _grantee(view: View, entry: Ace) -> str:
    if entry.grantee is not Grantee.PRINCIPAL:
        return _GRANTEES[entry.grantee]
    return write.href(view.urls.principal(view.people.names[entry.principal_id]))


def _ace(who: str, privileges: Privilege, origin: str, tree: Node = TREE) -> str:
    granted = "".join(
        f"<D:privilege>{write.element(name)}</D:privilege>" for name in largest(privileges, tree)
    )
    return f"<D:ace><D:principal>{who}</D:principal><D:grant>{granted}</D:grant>{origin}</D:ace>"


def _from(href: str) -> str:
    return f"<D:inherited>{write.href(href)}</D:inherited>"


def _owners_name(view: View) -> str:
    return view.people.names[owner_of(view.resource) or 0]


def _acl_restrictions(view: View) -> str:
    return "<D:grant-only/><D:no-invert/>"


def _inherited_acl_set(view: View) -> str:
    """No other resource's list limits what this one's grants (RFC 3744 §5.7)."""
    return ""


PROPERTIES: Final = (
    Property(DAV + "principal-collection-set", ANY, _principal_collection_set),
    Property(
        DAV + "owner",
        (ProxyGroup, Home, Calendar, CalendarObject, Inbox, Outbox, *_TOLD),
        _owner,
        needs=Fact.OWNERS,
    ),
    Property(DAV + "owner", (Principal, *_SHARED), _nobody),
    Property(DAV + "group", ANY, _nobody),
    Property(DAV + "supported-privilege-set", ANY, _supported_privilege_set),
    Property(
        DAV + "current-user-privilege-set",
        ANY,
        _current_user_privilege_set,
        needs=Fact.PRIVILEGES,
    ),
    Property(
        DAV + "acl",
        _LISTED,
        _acl,
        needs=Fact.ACES,
        requires=Privilege.READ_ACL,
    ),
    Property(DAV + "acl", (*_SHARED, *_TOLD), _acl, requires=Privilege.READ_ACL),
    Property(DAV + "acl-restrictions", ANY, _acl_restrictions),
    Property(DAV + "inherited-acl-set", ANY, _inherited_acl_set),
)
