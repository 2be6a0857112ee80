"""Filters on components, properties, parameters and texts (RFC 4791 §9.7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caldavd.ical.filter import (
    CompFilter,
    Filter,
    ParamFilter,
    PropFilter,
    TextMatch,
    check,
    matches,
)
from caldavd.ical.parse import parse
from caldavd.model import Window
from tests.unit.builders import BERLIN, calendar, component, event, journal, todo, valarm, vevent


def finds(text: str, *components: CompFilter, props: tuple[PropFilter, ...] = ()) -> bool:
    """Whether comp-filters, or prop-filters, directly in VCALENDAR find the text."""
    filter = Filter(CompFilter("VCALENDAR", prop_filters=props, comp_filters=components))
    check(filter)
    return matches(filter, parse(text.encode()), UTC)


def event_with(text: str, *props: PropFilter) -> bool:
    return finds(text, CompFilter("VEVENT", prop_filters=props))


def having(
    name: str, text: str, collation: str = "i;ascii-casemap", negate: bool = False
) -> PropFilter:
    return PropFilter(name, text_match=TextMatch(text, collation, negate))


def lines(*content: str) -> str:
    return event(lines=content)


# --- Components ---


@pytest.mark.rfc("4791 9.7.1")
@pytest.mark.parametrize("text", [event(), todo(), journal()])
def test_a_type_finds_only_its_own(text: str) -> None:
    own = parse(text.encode()).component

    hits = [name for name in ("VEVENT", "VTODO", "VJOURNAL") if finds(text, CompFilter(name))]

    assert hits == [own]


def test_a_name_is_found_in_any_case() -> None:
    assert finds(event(), CompFilter("vevent", prop_filters=(having("summary", "meet"),)))


@pytest.mark.rfc("4791 9.7.4")
def test_a_type_can_be_absent() -> None:
    absent = CompFilter("VTODO", is_not_defined=True)

    assert [finds(text, absent) for text in (event(), todo())] == [True, False]


def test_there_always_is_a_calendar() -> None:
    absent = Filter(CompFilter("VCALENDAR", is_not_defined=True))

    assert not matches(absent, parse(event().encode()), UTC)


@pytest.mark.rfc("4791 9.7.1")
def test_sibling_filters_are_all_required() -> None:
    both = [CompFilter("VEVENT"), CompFilter("VTIMEZONE")]

    assert finds(event(zones=[BERLIN]), *both)
    assert not finds(event(), *both)


@pytest.mark.rfc("4791 9.7.1")
def test_filters_nest_to_any_depth() -> None:
    daylight = CompFilter("DAYLIGHT", prop_filters=(having("TZNAME", "CEST"),))
    zone = CompFilter("VTIMEZONE", comp_filters=(daylight,))

    assert finds(event(zones=[BERLIN]), zone)
    assert not finds(event(zones=[BERLIN.replace("CEST", "XX")]), zone)


def test_a_nested_component_must_pass_whole() -> None:
    popup = CompFilter(
        "VALARM", prop_filters=(having("ACTION", "DISPLAY"), having("DESCRIPTION", "other"))
    )
    two = [
        valarm(),
        component("VALARM", ["ACTION:AUDIO", "DESCRIPTION:other", "TRIGGER:PT0S"]),
    ]

    assert not finds(event(alarms=two), CompFilter("VEVENT", comp_filters=(popup,)))


def test_an_event_without_alarms_can_be_asked_for() -> None:
    silent = CompFilter("VEVENT", comp_filters=(CompFilter("VALARM", is_not_defined=True),))

    assert [finds(text, silent) for text in (event(), event(alarms=[valarm()]))] == [True, False]


def test_a_non_standard_component_can_be_asked_for() -> None:
    text = event(alarms=[component("X-NOTE", ["X-TEXT:hello"])])
    note = CompFilter("X-NOTE", prop_filters=(having("X-TEXT", "hell"),))

    assert finds(text, CompFilter("VEVENT", comp_filters=(note,)))


# --- Properties ---


@pytest.mark.rfc("4791 9.7.2")
def test_an_empty_prop_filter_asks_for_the_property() -> None:
    assert event_with(lines("CLASS:PRIVATE"), PropFilter("CLASS"))
    assert not event_with(event(), PropFilter("CLASS"))


@pytest.mark.rfc("4791 9.7.4")
@pytest.mark.parametrize("name", ["CATEGORIES", "CLASS", "DTEND"])
def test_an_absent_property_can_be_asked_for(name: str) -> None:
    absent = PropFilter(name, is_not_defined=True)
    without = event(start="20260105T080000Z", duration="PT1H")
    having_it = event(lines=["CATEGORIES:a", "CLASS:PRIVATE"])

    assert [event_with(text, absent) for text in (without, having_it)] == [True, False]


@pytest.mark.rfc("4791 9.7.1")
def test_sibling_prop_filters_are_all_required() -> None:
    text = event(summary="Lunch", lines=["LOCATION:Rome"])

    assert event_with(text, having("SUMMARY", "lunch"), having("LOCATION", "rome"))
    assert not event_with(text, having("SUMMARY", "lunch"), having("LOCATION", "oslo"))


def test_two_filters_on_one_property_may_be_met_by_two_lines() -> None:
    text = event(attendees=["ada", "bob"])

    assert event_with(text, having("ATTENDEE", "ada@"), having("ATTENDEE", "bob@"))


def test_an_override_is_found_by_its_own_text() -> None:
    text = event(
        start="20260105T080000Z",
        rrule="FREQ=DAILY",
        overrides=[vevent(summary="Other", recurrence_id="20260106T080000Z")],
    )

    assert event_with(text, having("SUMMARY", "other"))
    assert event_with(text, having("SUMMARY", "other", negate=True))
    assert not event_with(text, having("SUMMARY", "other"), PropFilter("RRULE"))


# --- Texts ---


@pytest.mark.rfc("4791 9.7.5")
@pytest.mark.parametrize(
    ("collation", "part", "expected"),
    [
        ("i;octet", "simple event", True),
        ("i;octet", "Simple", False),
        ("i;ascii-casemap", "SIMPLE", True),
        ("i;unicode-casemap", "SIMPLE", True),
        ("default", "SIMPLE", True),
        ("i;octet", "event", True),
        ("i;octet", "", True),
        ("i;octet", "a simple event, too", False),
    ],
)
def test_a_text_is_a_substring_by_its_collation(collation: str, part: str, expected: bool) -> None:
    text = event(summary="a simple event")

    assert event_with(text, having("SUMMARY", part, collation)) == expected


def test_a_negated_text_must_not_be_there() -> None:
    text = event(summary="Lunch")

    assert not event_with(text, having("SUMMARY", "lunch", negate=True))
    assert event_with(text, having("SUMMARY", "dinner", negate=True))


@pytest.mark.rfc("4791 9.7.2")
@pytest.mark.parametrize("negate", [False, True])
def test_an_absent_property_has_no_text_of_either_sign(negate: bool) -> None:
    assert not event_with(event(), having("STATUS", "CANCELLED", negate=negate))


@pytest.mark.rfc("5545 3.3.11")
@pytest.mark.parametrize(
    "part", ["Rome, Via Appia; 2nd floor", "floor\nleft", r"C:\temp", "Via Appia;"]
)
def test_a_text_is_matched_without_escapes(part: str) -> None:
    text = lines(r"LOCATION:Rome\, Via Appia\; 2nd floor\nleft C:\\temp")

    assert event_with(text, having("LOCATION", part, "i;octet"))


@pytest.mark.rfc("5545 3.1")
def test_a_text_is_matched_across_folds() -> None:
    text = lines("DESCRIPTION:a long descr\r\n iption")

    assert event_with(text, having("DESCRIPTION", "long description"))


CATEGORIES = lines(r"CATEGORIES:hands,feet\,toes", "CATEGORIES:head,family")


@pytest.mark.rfc("5545 3.8.1.2")
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("hands", True),
        ("family", True),
        ("mil", True),
        ("feet,toes", True),
        ("hands,feet", False),
        ("head,family", False),
        (r"feet\,toes", False),
    ],
)
def test_each_category_of_each_line_is_a_value(part: str, expected: bool) -> None:
    assert event_with(CATEGORIES, having("CATEGORIES", part)) == expected


@pytest.mark.rfc("5545 3.8.1.2")
def test_a_list_without_the_text_is_one_none_of_whose_values_has_it() -> None:
    text = lines("CATEGORIES:hands,feet")

    assert not event_with(text, having("CATEGORIES", "hands", negate=True))
    assert event_with(text, having("CATEGORIES", "head", negate=True))


def test_each_resource_is_a_value() -> None:
    assert not event_with(lines("RESOURCES:easel,projector"), having("RESOURCES", "l,p"))


# --- Parameters ---

ATTENDEES = lines(
    'ATTENDEE;CN="Ada, Countess";PARTSTAT=ACCEPTED;MEMBER="mailto:a@x","mailto:b@x":mailto:ada@x',
    "ATTENDEE;CN=Bob ^'B^' B.;PARTSTAT=DECLINED:mailto:bob@x",
)


def attendee(*params: ParamFilter, text: str = "mailto:") -> bool:
    prop = PropFilter("ATTENDEE", text_match=TextMatch(text), param_filters=params)
    return event_with(ATTENDEES, prop)


def param(name: str, text: str, negate: bool = False) -> ParamFilter:
    return ParamFilter(name, text_match=TextMatch(text, negate=negate))


@pytest.mark.rfc("4791 9.7.3")
def test_parameter_and_text_must_be_on_one_line() -> None:
    assert attendee(param("PARTSTAT", "accepted"), text="ada@")
    assert not attendee(param("PARTSTAT", "accepted"), text="bob@")


@pytest.mark.rfc("4791 9.7.3")
def test_parameters_must_be_on_one_line() -> None:
    assert attendee(param("partstat", "DECLINED"), param("CN", "bob"))
    assert not attendee(param("PARTSTAT", "DECLINED"), param("CN", "ada"))


@pytest.mark.rfc("4791 9.7.3")
def test_a_parameter_may_be_asked_to_be_or_not_to_be() -> None:
    assert attendee(ParamFilter("MEMBER"), text="ada@")
    assert not attendee(ParamFilter("MEMBER"), text="bob@")
    assert attendee(ParamFilter("MEMBER", is_not_defined=True), text="bob@")
    assert not attendee(ParamFilter("MEMBER", is_not_defined=True), text="ada@")


@pytest.mark.rfc("6868 3.2")
@pytest.mark.parametrize("text", ["Ada, Countess", 'bob "b" b.'])
def test_a_parameter_is_matched_unquoted_and_decoded(text: str) -> None:
    assert attendee(param("CN", text))


def test_each_value_of_a_parameter_is_matched() -> None:
    assert attendee(param("MEMBER", "mailto:b@x"))
    assert not attendee(param("MEMBER", "mailto:b@x", negate=True), text="ada@")


def test_an_absent_parameter_has_no_text_of_either_sign() -> None:
    assert not attendee(param("ROLE", "CHAIR", negate=True))


def test_a_property_may_be_asked_for_by_its_parameter_alone() -> None:
    prop = PropFilter("ATTENDEE", param_filters=(param("CN", "bob"),))

    assert event_with(ATTENDEES, prop)


# --- Filters that stand in VCALENDAR, as clients send them that want all types ---

JANUARY = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", [event(summary="x"), todo(summary="x"), journal(summary="x")])
def test_a_property_in_the_calendar_is_one_of_any_component(text: str) -> None:
    assert finds(text, props=(having("SUMMARY", "x"),))
    assert not finds(text, props=(having("SUMMARY", "y"),))


def test_an_absent_property_in_the_calendar_is_one_a_component_lacks() -> None:
    absent = PropFilter("CATEGORIES", is_not_defined=True)

    assert [finds(text, props=(absent,)) for text in (event(), CATEGORIES)] == [True, False]


def test_a_property_of_the_calendar_itself_is_its_own() -> None:
    text = calendar(vevent(lines=["X-WR-CALNAME:no"]), lines=["X-WR-CALNAME:yes"])

    assert finds(text, props=(having("PRODID", "caldavd"), having("X-WR-CALNAME", "yes")))
    assert not finds(text, props=(having("X-WR-CALNAME", "no"),))


def test_properties_and_times_in_the_calendar_are_of_one_component() -> None:
    text = event(
        start="20000105T080000Z",
        rrule="FREQ=DAILY;COUNT=2",
        overrides=[
            vevent(start="20020101T080000Z", recurrence_id="20000106T080000Z", summary="late")
        ],
    )

    def in_2000(summary: str) -> bool:
        top = CompFilter(
            "VCALENDAR", time_range=JANUARY, prop_filters=(having("SUMMARY", summary),)
        )
        return matches(Filter(top), parse(text.encode()), UTC)

    assert [in_2000("meeting"), in_2000("late")] == [True, False]


# --- What python-caldav asks for ---

PENDING = [
    (
        PropFilter("COMPLETED", is_not_defined=True),
        having("STATUS", "COMPLETED", "i;octet", negate=True),
        having("STATUS", "CANCELLED", "i;octet", negate=True),
    ),
    (PropFilter("COMPLETED", is_not_defined=True), PropFilter("STATUS", is_not_defined=True)),
    (having("STATUS", "NEEDS-ACTION"),),
]


@pytest.mark.rfc("5545 3.6.2")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (todo(), [False, True, False]),
        (todo(lines=["STATUS:NEEDS-ACTION"]), [True, False, True]),
        (todo(lines=["STATUS:IN-PROCESS"]), [True, False, False]),
        (todo(lines=["STATUS:CANCELLED"]), [False, False, False]),
        (todo(completed="20260101T000000Z", lines=["STATUS:COMPLETED"]), [False, False, False]),
        (todo(completed="20260101T000000Z"), [False, False, False]),
    ],
)
def test_pending_tasks_are_found_by_exactly_one_of_the_first_two_queries(
    text: str, expected: list[bool]
) -> None:
    hits = [finds(text, CompFilter("VTODO", prop_filters=props)) for props in PENDING]

    assert hits == expected


def test_a_pending_recurring_task_is_found_in_its_later_instances() -> None:
    text = todo(
        start="20000112T120000Z",
        due="20000112T130000Z",
        rrule="FREQ=MONTHLY",
        lines=["STATUS:NEEDS-ACTION"],
    )
    february = Window(datetime(2000, 2, 12, tzinfo=UTC), datetime(2000, 2, 13, tzinfo=UTC))

    assert finds(text, CompFilter("VTODO", time_range=february, prop_filters=PENDING[0]))


@pytest.mark.parametrize(("last", "expected"), [(13, True), (6, False)])
def test_a_category_and_a_time_are_both_required(last: int, expected: bool) -> None:
    text = event(start="20000107T111500", lines=["CATEGORIES:hands,feet,head"])
    window = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, last, tzinfo=UTC))
    filter = CompFilter("VEVENT", time_range=window, prop_filters=(having("CATEGORIES", "hands"),))

    assert finds(text, filter) == expected
