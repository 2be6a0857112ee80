"""RFC 3744 §4 and caldav-proxy §5.3: who principals are, and to whom they belong."""

from __future__ import annotations

from typing import Final

from caldavd.dav.property import PRINCIPALS, Fact, Property, View
from caldavd.model import Principal, Proxy, ProxyGroup
from caldavd.names import CS, DAV
from caldavd.store.members import ActsFor
from caldavd.xml import write

GROUP_MEMBER_SET: Final = DAV + "group-member-set"
PROXY: Final = "calendar-proxy"
"""The token of the DAV header."""


def _principal_url(view: View) -> str | None:
    match view.resource:
        case Principal(name=name):
            return write.href(view.urls.principal(name))
        case ProxyGroup(owner, level):
            return write.href(view.urls.proxy_group(owner.name, level))
    return None


def _alternate_uri_set(view: View) -> str:
    """A principal has one URL; its mail addresses are calendar user addresses."""
    return ""


def _group_member_set(view: View) -> str:
    relations, urls = view.people.relations, view.urls
    match view.resource:
        case Principal(id=id_):
            names = relations.members.get(id_, ())
        case ProxyGroup(owner, level):
            names = [
                one.name
                for one in relations.delegates
                if (one.owner_id, one.level) == (owner.id, level)
            ]
        case _:
            names = []
    return write.hrefs(urls.principal(name) for name in names)


def _group_membership(view: View) -> str:
    """The groups that a principal is directly in, those of delegates among them."""
    urls = view.urls
    match view.resource:
        case Principal(id=id_):
            groups = [urls.principal(name) for name in view.people.relations.groups.get(id_, ())]
            proxied = [one for one in _acts_for(view) if one.delegate_id == id_]
            groups += [urls.proxy_group(one.owner, one.level) for one in proxied]
            return write.hrefs(groups)
    return ""


def _proxy_read_for(view: View) -> str:
    return _proxy_for(view, Proxy.READ)


def _proxy_write_for(view: View) -> str:
    return _proxy_for(view, Proxy.WRITE)


def _proxy_for(view: View, level: Proxy) -> str:
    """Whom a principal acts for, itself or by its groups; each once."""
    names = dict.fromkeys(one.owner for one in _acts_for(view) if one.level is level)
    return write.hrefs(view.urls.principal(name) for name in names)


def _acts_for(view: View) -> list[ActsFor]:
    """Who acts for whom concerns the two sides alone."""
    match view.resource:
        case Principal(id=id_):
            return [
                one
                for one in view.people.relations.acts_for
                if one.principal_id == id_ and view.actor.id in (id_, one.owner_id)
            ]
    return []


PROPERTIES: Final = (
    Property(DAV + "principal-URL", PRINCIPALS, _principal_url),
    Property(DAV + "alternate-URI-set", PRINCIPALS, _alternate_uri_set),
    Property(GROUP_MEMBER_SET, PRINCIPALS, _group_member_set, needs=Fact.RELATIONS),
    Property(DAV + "group-membership", PRINCIPALS, _group_membership, needs=Fact.RELATIONS),
    Property(
        CS + "calendar-proxy-read-for",
        (Principal,),
        _proxy_read_for,
        needs=Fact.RELATIONS,
        feature=PROXY,
    ),
    Property(
        CS + "calendar-proxy-write-for",
        (Principal,),
        _proxy_write_for,
        needs=Fact.RELATIONS,
        feature=PROXY,
    ),
)
