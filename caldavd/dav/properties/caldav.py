"""RFC 4791 §5.2 and §6.2, RFC 7809 §5, RFC 6638 §2.4 and §9.1, default alarms."""

from __future__ import annotations

from typing import Final

from caldavd.dav.filter import zone_of
from caldavd.dav.property import Fact, Getter, Property, Setter, Update, View, stored
from caldavd.errors import VALID_CALENDAR_DATA, VALID_TIMEZONE, Failed, Refused
from caldavd.ical import timezone, vtimezone
from caldavd.ical.collation import COLLATIONS
from caldavd.model import Calendar, Home, Inbox, Outbox, Principal
from caldavd.names import CALDAV
from caldavd.service import labels
from caldavd.service.calendars import COMPONENTS
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, raw_text, serialized

TIMEZONE: Final = CALDAV + "calendar-timezone"
TIMEZONE_ID: Final = CALDAV + "calendar-timezone-id"
TIMEZONE_SERVICES: Final = CALDAV + "timezone-service-set"
TRANSP: Final = CALDAV + "schedule-calendar-transp"
MAX_VALUE: Final = 100_000


def _calendar_home_set(view: View) -> str | None:
    match view.resource:
        case Principal(name=name) as principal if not principal.is_group:
            return write.href(view.urls.home(name))
    return None


def _calendar_user_address_set(view: View) -> str | None:
    match view.resource:
        case Principal() as principal:
            mail = [
                f"<D:href{_PREFERRED if place == 0 else ''}>"
                f"{write.escape('mailto:' + address)}</D:href>"
                for place, address in enumerate(principal.addresses)
            ]
            others = (view.urls.principal(principal.name), f"urn:uuid:{principal.uuid}")
            return "".join(mail) + write.hrefs(others)
    return None


_PREFERRED: Final = ' preferred="1"'
USER_TYPES: Final = {
    "user": "INDIVIDUAL",
    "group": "GROUP",
    "room": "ROOM",
    "resource": "RESOURCE",
}
"""The kinds of principals as RFC 5545 §3.2.3 calls them."""


def _calendar_user_type(view: View) -> str | None:
    match view.resource:
        case Principal(kind=kind):
            return USER_TYPES[kind]
    return None


def component_set(components: tuple[str, ...]) -> str:
    """The content of a supported-calendar-component-set."""
    return "".join(f'<C:comp name="{write.attribute(name)}"/>' for name in components)


def _components(view: View) -> str | None:
    match view.resource:
        case Calendar(collection) | Inbox(collection) | Outbox(collection):
            return component_set(collection.components)
    return None


def _component_sets(view: View) -> str:
    # One choice a component type, and the one of all: what MKCALENDAR takes.
    sets = [(name,) for name in COMPONENTS] + [COMPONENTS]
    return "".join(
        write.element(CALDAV + "supported-calendar-component-set", component_set(choice))
        for choice in sets
    )


def _supported_calendar_data(view: View) -> str:
    return '<C:calendar-data content-type="text/calendar" version="2.0"/>'


def _supported_collations(view: View) -> str:
    return "".join(write.text_element(CALDAV + "supported-collation", name) for name in COLLATIONS)


def _max_resource_size(view: View) -> str:
    return str(view.limits.objects.max_bytes)


def _max_instances(view: View) -> str:
    return str(view.limits.objects.max_instances)


def _max_attendees(view: View) -> str:
    return str(view.limits.objects.max_attendees)


def _timezone_services(view: View) -> str:
    return write.hrefs(view.urls.timezone_services or (view.urls.timezones,))


def _transp(view: View) -> str:
    default = write.element(TRANSP, "<C:opaque/>")
    return view.stored.get(TRANSP, default)


def _set_transp(element: Element) -> tuple[Update, ...]:
    chosen = [child.tag for child in elements(element)]
    if chosen not in ([CALDAV + "opaque"], [CALDAV + "transparent"]):
        raise Failed(403, "schedule-calendar-transp is either C:opaque or C:transparent")
    return ((TRANSP, serialized(element)),)


def _set_text(element: Element) -> tuple[Update, ...]:
    """Anything that is not too long, kept as it was sent."""
    value = serialized(element)
    if len(value) > MAX_VALUE:
        raise Failed(403, f"a property is at most {MAX_VALUE} characters long")
    return ((str(element.tag), value),)


def _set_timezone(element: Element) -> tuple[Update, ...]:
    """Both spellings of a calendar's zone change together (RFC 7809 §3.1.5)."""
    try:
        tzid, _ = zone_of(element)
    except ValueError as error:
        raise Refused(
            VALID_CALENDAR_DATA,
            f"calendar-timezone is a VCALENDAR with exactly one VTIMEZONE: {error}",
        ) from None
    return ((TIMEZONE, serialized(element)), (TIMEZONE_ID, labels.element(TIMEZONE_ID, tzid)))


def _set_timezone_id(element: Element) -> tuple[Update, ...]:
    tzid = raw_text(element).strip()
    if timezone.zone_from_id(tzid) is None:
        raise Refused(VALID_TIMEZONE, f"{tzid[:80]} is not a time zone of the Olson database")
    text = labels.element(TIMEZONE, vtimezone.calendar_text(tzid))
    return ((TIMEZONE_ID, serialized(element)), (TIMEZONE, text))


def _text(name: str, on: tuple[type, ...], *, feature: str = "") -> Property:
    return Property(
        name,
        on,
        stored(name),
        set=_set_text,
        needs=Fact.STORED,
        whole=True,
        own=True,
        feature=feature,
    )


def _own(name: str, get: Getter, set_: Setter, *, twin: str = "") -> Property:
    """A property of calendars of which each reader has a value of their own."""
    return Property(
        name, (Calendar,), get, set=set_, needs=Fact.STORED, whole=True, own=True, twin=twin
    )


_TAKES: Final = (Calendar, Inbox, Outbox)
"""What objects, or messages, are put into."""

PROPERTIES: Final = (
    Property(CALDAV + "calendar-home-set", (Principal,), _calendar_home_set),
    Property(CALDAV + "calendar-user-address-set", (Principal,), _calendar_user_address_set),
    Property(CALDAV + "calendar-user-type", (Principal,), _calendar_user_type),
    Property(CALDAV + "supported-calendar-component-set", _TAKES, _components),
    Property(CALDAV + "supported-calendar-component-sets", (Home,), _component_sets),
    Property(CALDAV + "supported-calendar-data", _TAKES, _supported_calendar_data),
    Property(CALDAV + "supported-collation-set", (Calendar, Inbox), _supported_collations),
    Property(CALDAV + "max-resource-size", _TAKES, _max_resource_size),
    Property(CALDAV + "max-instances", (Calendar, Inbox), _max_instances),
    Property(CALDAV + "max-attendees-per-instance", _TAKES, _max_attendees),
    _text(CALDAV + "calendar-description", (Calendar,)),
    _own(TIMEZONE, stored(TIMEZONE), _set_timezone, twin=TIMEZONE_ID),
    _own(TIMEZONE_ID, stored(TIMEZONE_ID), _set_timezone_id, twin=TIMEZONE),
    Property(TIMEZONE_SERVICES, (Home,), _timezone_services, feature="calendar-no-timezone"),
    _own(TRANSP, _transp, _set_transp),
    *(
        _text(f"{CALDAV}default-alarm-{name}", (Home, Calendar), feature="calendar-default-alarms")
        for name in ("vevent-datetime", "vevent-date", "vtodo-datetime", "vtodo-date")
    ),
)
