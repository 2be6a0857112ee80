"""RFC 6638 §2.1.1, §2.2.1, §9.2, §9.3, RFC 7953 §7.2.4: where one schedules, and how."""

from __future__ import annotations

from typing import Final

from caldavd.dav.path import encode
from caldavd.dav.property import Fact, Property, Scheduled, Update, View, stored
from caldavd.errors import (
    VALID_CALENDAR_DATA,
    VALID_SCHEDULE_DEFAULT_CALENDAR_URL,
    Failed,
    Refused,
)
from caldavd.ical.availability import require_availability
from caldavd.itip import schedule_changes
from caldavd.model import CalendarObject, Inbox, Principal
from caldavd.names import CALDAV, DAV
from caldavd.service import availability, labels
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, raw_text, serialized, text

SCHEDULE: Final = "calendar-schedule"
"""Of the drafts of RFC 6638; Evolution asks nobody's outbox about busy time without it. Where there
is calendar-auto-schedule, too, clients leave it to the server to invite."""
AUTO_SCHEDULE: Final = "calendar-auto-schedule"
AVAILABILITY: Final = "calendar-availability"
FEATURES: Final = frozenset({SCHEDULE, AUTO_SCHEDULE, AVAILABILITY})
"""The tokens of the DAV header that are announced where the server schedules."""
DEFAULT_CALENDAR: Final = CALDAV + "schedule-default-calendar-URL"
MAX_AVAILABILITY: Final = 100_000
"""Characters of the element, as it is kept."""


def _inbox_url(view: View) -> str | None:
    return _url(view, _scheduled(view).inbox)


def _outbox_url(view: View) -> str | None:
    return _url(view, _scheduled(view).outbox)


def _scheduled(view: View) -> Scheduled:
    match view.resource:
        case Principal(id=id_) if id_ in view.boxes:
            return view.boxes[id_]
    return Scheduled()


def _url(view: View, name: str) -> str | None:
    match view.resource:
        case Principal(name=owner) if name:
            return write.href(f"{view.urls.home(owner)}{encode(name)}/")
    return None


def _default_calendar(view: View) -> str | None:
    """Empty where there is no calendar that takes events."""
    match view.resource:
        case Inbox(collection) if collection.owner_id in view.boxes:
            name = view.boxes[collection.owner_id].default_calendar
            home = view.urls.home(view.people.names[collection.owner_id])
            return write.href(f"{home}{encode(name)}/") if name else ""
    return None


def _set_default_calendar(element: Element) -> tuple[Update, ...]:
    """The href alone, None for an empty element: it is no stored property, but a row's column."""
    hrefs = [text(child) for child in elements(element) if child.tag == DAV + "href"]
    if len(hrefs) > 1:
        raise Refused(VALID_SCHEDULE_DEFAULT_CALENDAR_URL, "there is one default calendar")
    return ((DEFAULT_CALENDAR, hrefs[0] if hrefs else None),)


def _set_availability(element: Element) -> tuple[Update, ...]:
    """Both names of it change together: Apple's programs know an older one as well."""
    said, value = raw_text(element), serialized(element)
    if len(value) > MAX_AVAILABILITY:
        raise Failed(403, f"a calendar-availability is at most {MAX_AVAILABILITY} characters long")
    try:
        require_availability(said)
    except ValueError as error:
        raise Refused(VALID_CALENDAR_DATA, f"calendar-availability: {error}") from None
    return tuple(
        (name, value if name == element.tag else labels.element(name, said))
        for name in availability.NAMES
    )


def _schedule_tag(view: View) -> str | None:
    match view.resource:
        case CalendarObject(stored=of) if of.schedule_tag is not None:
            return f'"{of.schedule_tag}"'
    return None


PROPERTIES: Final = (
    Property(
        CALDAV + "schedule-inbox-URL",
        (Principal,),
        _inbox_url,
        needs=Fact.BOXES,
        feature=AUTO_SCHEDULE,
    ),
    Property(
        CALDAV + "schedule-outbox-URL",
        (Principal,),
        _outbox_url,
        needs=Fact.BOXES,
        feature=AUTO_SCHEDULE,
    ),
    Property(
        DEFAULT_CALENDAR,
        (Inbox,),
        _default_calendar,
        set=_set_default_calendar,
        needs=Fact.BOXES | Fact.OWNERS,
        feature=AUTO_SCHEDULE,
    ),
    *(
        Property(
            name,
            (Inbox,),
            stored(name),
            set=_set_availability,
            needs=Fact.STORED,
            whole=True,
            twin=twin,
            feature=AVAILABILITY,
        )
        for name, twin in zip(availability.NAMES, reversed(availability.NAMES), strict=True)
    ),
    Property(
        schedule_changes.NAME,
        (CalendarObject,),
        stored(schedule_changes.NAME),
        needs=Fact.STORED,
        whole=True,
        feature=AUTO_SCHEDULE,
    ),
    Property(
        CALDAV + "schedule-tag",
        (CalendarObject,),
        _schedule_tag,
        feature=AUTO_SCHEDULE,
    ),
)
