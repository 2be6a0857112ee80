"""RFC 4791 §9.6: the part of an object that a report asks for."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from caldavd import errors
from caldavd.errors import Refused
from caldavd.ical.contentline import read
from caldavd.ical.parse import Document, parse
from caldavd.ical.subset import EVERYTHING, CompRequest, DataRequest, PropRequest, subset
from caldavd.ical.write import write_line
from caldavd.model import Window
from tests.unit.builders import (
    BERLIN,
    calendar,
    component,
    event,
    journal,
    todo,
    valarm,
    vevent,
    vtodo,
)

WEEKLY = "FREQ=WEEKLY;COUNT=4"
"""From START: 5, 12, 19 and 26 January 2026, 09:00 to 10:00 UTC."""


def document(text: str) -> Document:
    return parse(text.encode())


def days(first: int, last: int, month: int = 1) -> Window:
    """From a day of 2026 to another, which is not included."""
    return Window(datetime(2026, month, first, tzinfo=UTC), datetime(2026, month, last, tzinfo=UTC))


def asked(text: str, request: DataRequest, floating: tzinfo = UTC) -> str:
    return subset(document(text), request, floating)


def expand(text: str, window: Window, floating: tzinfo = UTC) -> list[str]:
    """The components of an expansion, without the lines that are the same in all these tests."""
    [answer] = read(asked(text, DataRequest(expand=window), floating))
    dropped = ("UID:", "DTSTAMP:", "SUMMARY:Meeting", "SUMMARY:Task")
    components = [[write_line(line).rstrip() for line in c.lines] for c in answer.components]
    return [
        " ".join(line for line in lines if not line.startswith(dropped)) for lines in components
    ]


def comp(*, props: tuple[str, ...] = (), inner: tuple[CompRequest, ...] = ()) -> DataRequest:
    """A request for properties of VEVENT, beside VERSION."""
    event_ = CompRequest("VEVENT", props=tuple(PropRequest(name) for name in props), comps=inner)
    return DataRequest(
        comp=CompRequest("VCALENDAR", props=(PropRequest("VERSION"),), comps=(event_,))
    )


def test_a_request_for_everything_returns_the_text_as_stored() -> None:
    text = event().replace("\r\n", "\n").replace("SUMMARY", "summary")

    assert asked(text, EVERYTHING) == text


# --- comp and prop ---


@pytest.mark.rfc("4791 9.6.4")
def test_only_the_properties_asked_for_are_returned() -> None:
    text = event(zones=[BERLIN], alarms=[valarm()])

    assert asked(text, comp(props=("UID", "SUMMARY"))) == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@example.com\r\n"
        "SUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.mark.rfc("4791 9.6.4")
def test_novalue_leaves_name_and_parameters() -> None:
    request = DataRequest(
        comp=CompRequest(
            "VCALENDAR",
            comps=(CompRequest("VEVENT", props=(PropRequest("DTSTART", novalue=True),)),),
        )
    )

    assert asked(event(start="20260105"), request) == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//caldavd//tests//EN\r\n"
        "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.mark.rfc("4791 9.6.1")
def test_a_component_named_without_content_is_returned_whole() -> None:
    text = event(zones=[BERLIN], alarms=[valarm()])
    request = DataRequest(
        comp=CompRequest("VCALENDAR", allprop=True, comps=(CompRequest("VEVENT"),))
    )

    assert asked(text, request) == text.replace(BERLIN, "")


@pytest.mark.rfc("4791 9.6.2")
def test_allcomp_returns_all_components_with_all_they_hold() -> None:
    text = event(zones=[BERLIN], alarms=[valarm()])
    request = DataRequest(comp=CompRequest("VCALENDAR", allprop=True, allcomp=True))

    assert asked(text, request) == text


@pytest.mark.rfc("4791 9.6.3")
def test_allprop_without_components_leaves_the_components_out() -> None:
    request = DataRequest(
        comp=CompRequest("VCALENDAR", allprop=True, comps=(CompRequest("VEVENT", allprop=True),))
    )

    assert asked(event(alarms=[valarm()]), request) == event()


def test_a_request_that_begins_below_the_calendar_is_understood() -> None:
    assert asked(event(zones=[BERLIN]), DataRequest(comp=CompRequest("VEVENT"))) == event()


# --- expand ---


@pytest.mark.rfc("4791 9.6.5")
def test_every_instance_in_the_window_has_its_own_dates_and_recurrence_id() -> None:
    assert expand(event(rrule=WEEKLY), days(1, 19)) == [
        "DTSTART:20260105T090000Z DTEND:20260105T100000Z RECURRENCE-ID:20260105T090000Z",
        "DTSTART:20260112T090000Z DTEND:20260112T100000Z RECURRENCE-ID:20260112T090000Z",
    ]


@pytest.mark.rfc("4791 9.6.5")
def test_an_event_that_does_not_recur_has_no_recurrence_id() -> None:
    assert expand(event(), days(1, 19)) == ["DTSTART:20260105T090000Z DTEND:20260105T100000Z"]


@pytest.mark.rfc("4791 9.6.5")
def test_nothing_in_the_window_leaves_an_empty_calendar() -> None:
    assert expand(event(), days(6, 7)) == []


@pytest.mark.rfc("4791 9.6.5")
def test_local_times_become_utc_across_a_change_of_the_clocks() -> None:
    text = event(
        start="Europe/Berlin:20260328T090000",
        end="Europe/Berlin:20260328T100000",
        rrule="FREQ=DAILY;COUNT=2",
        zones=[BERLIN],
    )

    assert expand(text, days(1, 31, month=3)) == [
        "DTSTART:20260328T080000Z DTEND:20260328T090000Z RECURRENCE-ID:20260328T080000Z",
        "DTSTART:20260329T070000Z DTEND:20260329T080000Z RECURRENCE-ID:20260329T070000Z",
    ]


@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.rfc("5545 3.3.4")
def test_all_day_instances_stay_dates() -> None:
    text = event(start="20260105", end="20260107", rrule="FREQ=WEEKLY")

    assert expand(text, days(12, 13)) == [
        "DTSTART;VALUE=DATE:20260112 DTEND;VALUE=DATE:20260114 RECURRENCE-ID;VALUE=DATE:20260112"
    ]


def test_an_all_day_event_without_an_end_is_given_none() -> None:
    assert expand(event(start="20260105"), days(5, 6)) == ["DTSTART;VALUE=DATE:20260105"]


@pytest.mark.rfc("4791 9.6.5")
def test_floating_instances_stay_floating_and_are_placed_by_the_zone() -> None:
    text = event(start="20260105T003000", end="20260105T013000", rrule="FREQ=DAILY;COUNT=2")

    assert expand(text, days(4, 5), ZoneInfo("Europe/Berlin")) == [
        "DTSTART:20260105T003000 DTEND:20260105T013000 RECURRENCE-ID:20260105T003000"
    ]


@pytest.mark.rfc("4791 9.6.5")
def test_an_override_stands_for_its_instance() -> None:
    moved = vevent(
        start="20260113T090000Z", recurrence_id="Europe/London:20260112T090000", summary="Moved"
    )

    assert expand(event(rrule=WEEKLY, overrides=[moved]), days(6, 20)) == [
        "SUMMARY:Moved DTSTART:20260113T090000Z RECURRENCE-ID:20260112T090000Z",
        "DTSTART:20260119T090000Z DTEND:20260119T100000Z RECURRENCE-ID:20260119T090000Z",
    ]


@pytest.mark.rfc("4791 9.6.5")
def test_recurrence_properties_are_applied_and_left_out() -> None:
    text = event(rrule=WEEKLY, rdate=["20260106T120000Z"], exdate=["20260112T090000Z"])

    assert expand(text, days(6, 20)) == [
        "DTSTART:20260106T120000Z DTEND:20260106T130000Z RECURRENCE-ID:20260106T120000Z",
        "DTSTART:20260119T090000Z DTEND:20260119T100000Z RECURRENCE-ID:20260119T090000Z",
    ]


@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.rfc("5545 3.8.2.5")
def test_a_duration_is_kept_while_it_is_right() -> None:
    text = event(start="20260105T090000Z", duration="PT1H", rrule=WEEKLY)

    assert expand(text, days(12, 13)) == [
        "DTSTART:20260112T090000Z DURATION:PT1H RECURRENCE-ID:20260112T090000Z"
    ]


@pytest.mark.rfc("5545 3.3.6")
def test_a_day_of_23_hours_is_written_with_its_end() -> None:
    text = event(start="Europe/Berlin:20260328T120000", duration="P1D", zones=[BERLIN])

    assert expand(text, days(28, 29, month=3)) == [
        "DTSTART:20260328T110000Z DTEND:20260329T100000Z"
    ]


@pytest.mark.rfc("5545 3.8.5.2")
@pytest.mark.rfc("5545 3.3.9")
def test_an_rdate_with_a_period_brings_its_own_end() -> None:
    text = event(start="20260105T090000Z", lines=["RDATE;VALUE=PERIOD:20260106T090000Z/PT3H"])

    assert expand(text, days(6, 7)) == [
        "DTSTART:20260106T090000Z DTEND:20260106T120000Z RECURRENCE-ID:20260106T090000Z"
    ]


@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.rfc("5545 3.6.2")
@pytest.mark.parametrize(
    ("fields", "instance"),
    [
        (
            {"start": "20260105T090000Z", "due": "20260105T100000Z", "rrule": WEEKLY},
            "DTSTART:20260112T090000Z DUE:20260112T100000Z RECURRENCE-ID:20260112T090000Z",
        ),
        (
            {"start": "20260105", "due": "20260106", "rrule": WEEKLY},
            "DTSTART;VALUE=DATE:20260112 DUE;VALUE=DATE:20260113 RECURRENCE-ID;VALUE=DATE:20260112",
        ),
        ({"due": "20260112T100000Z"}, "DUE:20260112T100000Z"),
    ],
)
def test_tasks_are_expanded_too(fields: dict[str, str], instance: str) -> None:
    text = calendar(vtodo(**fields))  # type: ignore[arg-type]

    assert expand(text, days(12, 13)) == [instance]


@pytest.mark.rfc("5545 3.6.3")
def test_a_journal_entry_is_expanded() -> None:
    text = journal(summary=None, rrule="FREQ=WEEKLY")

    assert expand(text, days(12, 13)) == [
        "DTSTART;VALUE=DATE:20260112 RECURRENCE-ID;VALUE=DATE:20260112"
    ]


@pytest.mark.rfc("4791 9.6.5")
def test_instances_without_their_master_are_expanded() -> None:
    text = calendar(
        vevent(recurrence_id="20260105T090000Z"),
        vevent(start="20260120T090000Z", recurrence_id="20260119T090000Z"),
    )

    assert expand(text, days(19, 21)) == ["DTSTART:20260120T090000Z RECURRENCE-ID:20260119T090000Z"]


@pytest.mark.rfc("4791 9.6.5")
def test_no_reference_to_a_time_zone_remains() -> None:
    lines = ["X-SEEN;TZID=Europe/Berlin:20260701T100000", "X-ODD;TZID=Europe/Berlin;X-P=1:none"]
    text = event(
        start="Nowhere/Land:20260105T090000", lines=lines, alarms=[valarm()], zones=[BERLIN]
    )

    assert asked(text, DataRequest(expand=days(5, 6))) == calendar(
        vevent(
            start="20260105T090000",
            lines=[],
            alarms=[valarm()],
        ).replace("BEGIN:VALARM", "X-SEEN:20260701T080000Z\r\nX-ODD;X-P=1:none\r\nBEGIN:VALARM")
    )


def test_an_expansion_of_too_many_instances_is_refused() -> None:
    daily = document(event(rrule="FREQ=DAILY"))

    with pytest.raises(Refused) as caught:
        subset(daily, DataRequest(expand=days(1, 31)), UTC, limit=5)

    assert caught.value.condition == errors.NUMBER_OF_MATCHES


def test_an_expansion_is_cut_down_to_the_properties_asked_for() -> None:
    request = comp(props=("DTSTART",))
    request = DataRequest(comp=request.comp, expand=days(12, 13))

    assert asked(event(rrule=WEEKLY, zones=[BERLIN]), request) == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20260112T090000Z\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


# --- limit-recurrence-set ---


@pytest.mark.rfc("4791 9.6.6")
def test_overrides_that_touch_the_window_stay_with_the_master() -> None:
    into = vevent(start="20260113T090000Z", recurrence_id="20260126T090000Z", summary="Into")
    out_of = vevent(start="20260301T090000Z", recurrence_id="20260112T090000Z", summary="Out of")
    beside = vevent(start="20260119T110000Z", recurrence_id="20260119T090000Z", summary="Beside")
    text = event(rrule=WEEKLY, overrides=[into, out_of, beside])

    answer = asked(text, DataRequest(limit_recurrence_set=days(12, 14)))

    assert answer == event(rrule=WEEKLY, overrides=[into, out_of])


@pytest.mark.rfc("4791 9.6.6")
def test_an_override_of_what_follows_stays_if_it_begins_before_the_window_ends() -> None:
    future = vevent(
        start=None,
        lines=["RECURRENCE-ID;RANGE=THISANDFUTURE:20260112T090000Z", "DTSTART:20260112T110000Z"],
    )
    text = event(rrule=WEEKLY, overrides=[future])

    assert asked(text, DataRequest(limit_recurrence_set=days(26, 27))) == text
    assert asked(text, DataRequest(limit_recurrence_set=days(5, 6))) == event(rrule=WEEKLY)


@pytest.mark.rfc("4791 9.6.6")
def test_the_stored_text_is_returned_if_no_override_is_left_out() -> None:
    text = event(rrule=WEEKLY).replace("\r\n", "\n")

    assert asked(text, DataRequest(limit_recurrence_set=days(1, 2))) == text


# --- limit-freebusy-set ---


@pytest.mark.rfc("4791 9.6.7")
@pytest.mark.rfc("5545 3.8.2.6")
def test_only_the_busy_periods_in_the_window_are_returned() -> None:
    def busy(*values: str) -> str:
        lines = [f"FREEBUSY;FBTYPE=BUSY:{value}" for value in values]
        return calendar(component("VFREEBUSY", ["UID:1", *lines]))

    fifth, sixth, seventh = (f"2026010{day}T090000Z/PT1H" for day in (5, 6, 7))
    ends = "20260105T230000Z/20260106T010000Z"
    touches = "20260105T230000Z/20260106T000000Z"
    text = busy(f"{fifth},{sixth},{ends},{touches}", seventh)

    answer = asked(text, DataRequest(limit_freebusy_set=days(6, 7)))

    assert read(answer) == read(busy(f"{sixth},{ends}"))


def test_limiting_busy_periods_leaves_other_objects_alone() -> None:
    text = todo().replace("\r\n", "\n")

    assert asked(text, DataRequest(limit_freebusy_set=days(6, 7))) == text
