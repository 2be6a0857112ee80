"""The tables: METHODS, REPORTS, PROPERTIES; and what the server says of itself, derived from them.

A feature is its rows here. What is announced (Allow, DAV, supported-report-set and their like) is
computed from the rows, so that nothing can be announced that is not there.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from caldavd.dav.message import Response
from caldavd.dav.methods import (
    acl as acl_method,
)
from caldavd.dav.methods import (
    copy_move,
    delete,
    get,
    lock,
    mkcalendar,
    options,
    outbox,
    post,
    propfind,
    proppatch,
    put,
    report,
    unlock,
)
from caldavd.dav.properties import (
    acl,
    caldav,
    calendarserver,
    locks,
    quota,
    scheduling,
    sharing,
    sync,
    webdav,
)
from caldavd.dav.properties import principals as principal_properties
from caldavd.dav.property import ANY, Property, Table, View, table
from caldavd.dav.reports import (
    calendar,
    expand_property,
    free_busy,
    principal_match,
    principals,
    sync_collection,
)
from caldavd.dav.resolve import Target
from caldavd.dav.respond import multistatus
from caldavd.dav.row import AnyReport, Method, OtherReport, Question, Reads, Report, Writes
from caldavd.dav.server import Context
from caldavd.errors import RESOURCE_MUST_BE_NULL
from caldavd.model import (
    Calendar,
    CalendarObject,
    Home,
    HomeCollection,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Principal,
    PrincipalCollection,
    ProxyGroup,
    Root,
    Unmapped,
)
from caldavd.names import CALDAV, DAV
from caldavd.store.engine import ReadTx
from caldavd.xml import write

_PRINCIPALS: Final = (Root, PrincipalCollection, Principal, ProxyGroup)
_CALENDARS: Final = (Calendar, CalendarObject)
_HOLDING: Final = (Calendar, Inbox, CalendarObject)


def properties() -> Table:
    """The table of live properties."""
    return PROPERTIES


REPORTS: Final[tuple[AnyReport, ...]] = (
    Report(
        CALDAV + "calendar-query",
        _HOLDING,
        calendar.parse_query,
        calendar.select_query,
        feature="calendar-access",
        lasting=calendar.is_lasting,
    ),
    Report(
        CALDAV + "calendar-multiget",
        _HOLDING,
        calendar.parse_multiget,
        calendar.select_multiget,
        feature="calendar-access",
    ),
    OtherReport(
        CALDAV + "free-busy-query",
        (Calendar, Home, HomeCollection),
        free_busy.parse,
        free_busy.run,
        feature="calendar-access",
    ),
    Report(
        DAV + "sync-collection",
        (Calendar, Home, Inbox, Outbox, Notifications),
        sync_collection.parse,
        sync_collection.select,
    ),
    OtherReport(
        DAV + "expand-property",
        ANY,
        expand_property.parse_expansions,
        expand_property.runner(properties),
    ),
    Report(
        DAV + "principal-property-search",
        _PRINCIPALS,
        principals.parse_search,
        principals.select_search,
        feature="calendarserver-principal-property-search",
    ),
    OtherReport(
        DAV + "principal-search-property-set",
        _PRINCIPALS,
        principals.parse_nothing,
        principals.run_property_set,
    ),
    Report(
        DAV + "principal-match",
        (*_PRINCIPALS, HomeCollection, Home, Calendar),
        principal_match.parse_query,
        principal_match.selector(properties),
    ),
    Report(
        DAV + "acl-principal-prop-set",
        ANY,
        principals.parse_acl_set,
        principals.select_acl_set,
    ),
)


async def _propfind(
    tx: ReadTx, context: Context, target: Target, command: propfind.Command
) -> Response:
    selection, wanted = await propfind.select(tx, context, target, command)
    return await multistatus(tx, context, PROPERTIES, selection, wanted)


_STORED: Final = (Principal, ProxyGroup, Home, Calendar, CalendarObject, Inbox, Outbox)
_LISTED: Final = (Home, Calendar, Inbox, Outbox)
"""What has an access control list of its own."""
_LOCKABLE: Final = (Home, Calendar, CalendarObject, Unmapped)

METHODS: Final[tuple[Method, ...]] = (
    Reads("OPTIONS", (*ANY, Unmapped), options.parse, options.run),
    Reads("GET", ANY, get.parse, get.run, content=True),
    Reads("HEAD", ANY, get.parse, get.run, content=True),
    Reads("PROPFIND", (*ANY, Unmapped), propfind.parse, _propfind),
    Reads(
        "REPORT",
        ANY,
        report.parser({row.name: row for row in REPORTS}),
        report.runner(properties),
    ),
    Writes("PUT", (CalendarObject, Unmapped), put.parse, put.run),
    Writes(
        "POST",
        (Calendar, Home, Outbox),
        post.parse,
        post.run,
        feature=scheduling.SCHEDULE,
        question=Question(outbox.Message, outbox.run),
    ),
    Writes("DELETE", (Calendar, CalendarObject, Notification), delete.parse, delete.run),
    Writes("PROPPATCH", _STORED, proppatch.parse, proppatch.runner(properties)),
    Writes(
        "MKCALENDAR",
        (Unmapped,),
        mkcalendar.parse_mkcalendar,
        mkcalendar.runner(properties),
        feature="calendar-access",
        taken=RESOURCE_MUST_BE_NULL,
    ),
    Writes(
        "MKCOL",
        (Unmapped,),
        mkcalendar.parse_mkcol,
        mkcalendar.runner(properties),
        feature="extended-mkcol",
    ),
    Writes("ACL", _LISTED, acl_method.parse, acl_method.run, feature="access-control"),
    Writes("COPY", _CALENDARS, copy_move.parse_copy, copy_move.run),
    Writes("MOVE", _CALENDARS, copy_move.parse_move, copy_move.run),
    Writes("LOCK", _LOCKABLE, lock.parse, lock.run, feature="2"),
    Writes("UNLOCK", _LOCKABLE, unlock.parse, unlock.run, feature="2"),
)

BY_NAME: Final = {row.name: row for row in METHODS}

CLASSES: Final = ("1", "3")
"""Compliance classes of RFC 4918 that no row stands for; class 1 comes first in the header, as
one client drops the first token.
"""


def allow(type_: type) -> str:
    """The Allow header of a kind of resource."""
    return ", ".join(row.name for row in METHODS if type_ in row.on)


def _supported_reports(view: View) -> str:
    type_: type = type(view.resource)
    return _reports_of(type_)


@lru_cache(maxsize=32)
def _reports_of(type_: type) -> str:
    return "".join(
        f"<D:supported-report><D:report>{write.element(row.name)}</D:report></D:supported-report>"
        for row in REPORTS
        if type_ in row.on
    )


def _supported_methods(view: View) -> str:
    type_ = type(view.resource)
    return "".join(f'<D:supported-method name="{row.name}"/>' for row in METHODS if type_ in row.on)


def _is_announced(feature: str, *, schedules: bool) -> bool:
    return schedules or feature not in scheduling.FEATURES


def _supported_live_properties(view: View) -> str:
    rows = PROPERTIES.of(type(view.resource))
    names = [
        name for name, row in rows.items() if _is_announced(row.feature, schedules=view.schedules)
    ]
    return "".join(
        "<D:supported-live-property>"
        f"<D:prop>{write.element(name)}</D:prop>"
        "</D:supported-live-property>"
        for name in names
    )


_ROWS: Final = (
    *webdav.PROPERTIES,
    *locks.PROPERTIES,
    *quota.PROPERTIES,
    *acl.PROPERTIES,
    *principal_properties.PROPERTIES,
    *sync.PROPERTIES,
    *caldav.PROPERTIES,
    *calendarserver.PROPERTIES,
    *sharing.PROPERTIES,
    *scheduling.PROPERTIES,
    Property(DAV + "supported-report-set", ANY, _supported_reports),
    Property(DAV + "supported-method-set", ANY, _supported_methods),
    Property(DAV + "supported-live-property-set", ANY, _supported_live_properties),
)

PROPERTIES: Final = table(_ROWS)


@cache
def dav_header(*, schedules: bool) -> str:
    """The value of the DAV header: compliance classes, then the features of all rows.

    `schedules`: whether those of scheduling are among them.
    """
    features = dict.fromkeys(
        row.feature
        for row in (*METHODS, *REPORTS, *_ROWS)
        if row.feature and _is_announced(row.feature, schedules=schedules)
    )
    numbers = sorted({*CLASSES, *filter(str.isdigit, features)})
    return ", ".join(dict.fromkeys((*numbers, *features)))
