"""VAVAILABILITY as busy time: the examples of RFC 7953, priorities, bounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from caldavd.errors import Refused
from caldavd.ical.availability import MAX_AVAILABLE, require_availability
from caldavd.ical.available import MAX_INSTANCES, availabilities, unavailable
from caldavd.ical.freebusy import BusyPeriod, busy, of_document
from caldavd.ical.parse import stored
from caldavd.ical.periods import Busy
from caldavd.model import Window
from tests.unit.builders import calendar, component, event

MONTREAL = ZoneInfo("America/Montreal")
LETTERS = {Busy.BUSY: "B", Busy.UNAVAILABLE: "U", Busy.TENTATIVE: "T"}
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


def available(start: str, end: str, rule: str = "", *, uid: str = "x", more: Sequence[str] = ()):
    """An AVAILABLE; times are written after `TZID=...:`, or in UTC."""
    lines = [f"UID:{uid}", "DTSTAMP:20111005T133225Z", _time("DTSTART", start), _time("DTEND", end)]
    return component("AVAILABLE", [*lines, *([f"RRULE:{rule}"] if rule else []), *more])


def vavailability(*inner: str, start: str = "", end: str = "", lines: Sequence[str] = ()) -> str:
    times = [_time(*one) for one in (("DTSTART", start), ("DTEND", end)) if one[1]]
    return component("VAVAILABILITY", ["UID:v", "DTSTAMP:20111005T133225Z", *times, *lines], inner)


def _time(name: str, value: str) -> str:
    zone, _, local = value.rpartition(":")
    return f"{name};TZID={zone}:{local}" if zone else f"{name}:{value}"


def slots(text: str, day: datetime, events: str = "") -> str:
    """What a day looks like in slots of two hours, as in the tables of RFC 7953 §5.1."""
    window = Window(day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC))
    found = unavailable(availabilities(text), window)
    if events:
        found = busy([*found, *of_document(stored(events), window, UTC)], window)
    letters = []
    for slot in range(12):
        starts = int(day.timestamp()) + slot * 7200
        kinds = {one.busy for one in found if one.starts < starts + 7200 and one.ends > starts}
        assert all(
            (one.starts <= starts and one.ends >= starts + 7200)
            or one.ends <= starts
            or one.starts >= starts + 7200
            for one in found
        ), "periods fill whole slots"
        letters.append(LETTERS[min(kinds)] if kinds else "F")
    return "".join(letters)


def of(*components: str) -> str:
    return calendar(*components)


BASE = vavailability(
    available("America/Montreal:20111002T080000", "America/Montreal:20111002T180000", WEEKDAYS),
    start="America/Montreal:20111002T000000",
)
IN_DENVER = vavailability(
    available("America/Denver:20111023T080000", "America/Denver:20111023T180000", WEEKDAYS),
    start="America/Denver:20111023T000000",
    end="America/Denver:20111030T000000",
    lines=["PRIORITY:1"],
)


@pytest.mark.rfc("7953 5")
def test_the_simple_example_with_its_meeting():
    # The example says Monday, 6 November 2011, which is a Sunday.
    meeting = event(start="America/Montreal:20111107T120000", duration="PT2H")

    day = slots(of(BASE), datetime(2011, 11, 7, tzinfo=MONTREAL), meeting)

    assert day == "UUUUFFBFFUUU"


@pytest.mark.rfc("7953 5")
def test_the_example_of_two_priorities():
    # The meeting is at noon in Denver on the day that is asked about.
    meeting = event(start="America/Denver:20111024T120000", duration="PT2H")

    day = slots(of(BASE, IN_DENVER), datetime(2011, 10, 24, tzinfo=MONTREAL), meeting)

    assert day == "UUUUUFFBFFUU"


@pytest.mark.rfc("7953 4")
def test_a_higher_priority_decides_only_the_time_that_it_speaks_of():
    text = of(BASE, IN_DENVER)

    before, after = (slots(text, datetime(2011, 10, day, tzinfo=MONTREAL)) for day in (21, 31))

    assert (before, after) == ("UUUUFFFFFUUU", "UUUUFFFFFUUU")


@pytest.mark.rfc("7953 3.1")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (3, "UUUUFFFFUUUU"),  # Monday to Thursday
        (7, "UUUUFFUUUUUU"),  # Friday
        (8, "UUUUUUUUUUUU"),  # Saturday
    ],
)
def test_the_example_of_two_offices(day: int, expected: str):
    text = of(
        vavailability(
            available(
                "America/Montreal:20111003T080000",
                "America/Montreal:20111003T160000",
                "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
                uid="main",
            ),
            available(
                "America/Montreal:20111007T080000",
                "America/Montreal:20111007T120000",
                "FREQ=WEEKLY",
                uid="branch",
            ),
            start="America/Montreal:20111002T000000",
            end="America/Montreal:20111202T000000",
        )
    )

    assert slots(text, datetime(2011, 10, day, tzinfo=MONTREAL)) == expected


def test_time_of_which_nothing_is_said_is_free():
    text = of(BASE)

    assert slots(text, datetime(2011, 10, 1, tzinfo=MONTREAL)) == "F" * 12


DAY = datetime(2026, 1, 5, tzinfo=UTC)
MORNING = available("20260105T080000Z", "20260105T120000Z")


@pytest.mark.rfc("7953 3.2")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "UUUUFFUUUUUU"),
        (["BUSYTYPE:BUSY"], "BBBBFFBBBBBB"),
        (["BUSYTYPE:BUSY-TENTATIVE"], "TTTTFFTTTTTT"),
        (["BUSYTYPE:X-ON-THE-MOON"], "UUUUFFUUUUUU"),
    ],
)
def test_busytype_says_what_one_is_otherwise(lines: list[str], expected: str):
    assert slots(of(vavailability(MORNING, lines=lines)), DAY) == expected


@pytest.mark.rfc("7953 4")
@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("BUSY", "BUSY-UNAVAILABLE"), "B"),
        (("BUSY-TENTATIVE", "BUSY"), "B"),
        (("BUSY-TENTATIVE", "BUSY-UNAVAILABLE"), "U"),
    ],
)
def test_of_one_priority_the_strongest_type_counts(types: tuple[str, str], expected: str):
    both = [vavailability(MORNING, lines=[f"BUSYTYPE:{one}"]) for one in types]

    assert [slots(of(*order), DAY) for order in (both, both[::-1])] == [
        f"{expected * 4}FF{expected * 6}"
    ] * 2


@pytest.mark.rfc("7953 4")
@pytest.mark.parametrize(("lower", "higher"), [(0, 9), (9, 1), (5, 3), (0, 1)])
def test_priorities_rise_from_0_over_9_to_1(lower: int, higher: int):
    afternoon = available("20260105T120000Z", "20260105T160000Z")
    parts = [
        vavailability(MORNING, lines=[f"PRIORITY:{lower}", "BUSYTYPE:BUSY"]),
        vavailability(afternoon, lines=[f"PRIORITY:{higher}"]),
    ]

    assert [slots(of(*order), DAY) for order in (parts, parts[::-1])] == ["UUUUUUFFUUUU"] * 2


@pytest.mark.rfc("7953 3.1")
def test_available_ends_with_what_it_is_in():
    text = of(vavailability(MORNING, start="20260105T100000Z", end="20260105T140000Z"))

    assert slots(text, DAY) == "FFFFFFUFFFFF"


@pytest.mark.rfc("7953 3.1")
def test_an_instance_can_be_moved_and_another_left_out():
    moved = available(
        "20260106T140000Z", "20260106T160000Z", more=["RECURRENCE-ID:20260106T080000Z"]
    )
    daily = available(
        "20260105T080000Z", "20260105T120000Z", "FREQ=DAILY", more=["EXDATE:20260107T080000Z"]
    )
    text = of(vavailability(daily, moved))

    days = [slots(text, DAY + timedelta(days=number)) for number in range(4)]

    assert days == ["UUUUFFUUUUUU", "UUUUUUUFUUUU", "U" * 12, "UUUUFFUUUUUU"]


def test_hours_follow_the_clocks_of_their_zone():
    text = of(
        vavailability(
            available("Europe/Berlin:20260105T090000", "Europe/Berlin:20260105T170000", WEEKDAYS)
        )
    )

    def free(day: int, month: int) -> tuple[int, int]:
        window = Window(
            datetime(2026, month, day, tzinfo=UTC), datetime(2026, month, day + 1, tzinfo=UTC)
        )
        one, two = unavailable(availabilities(text), window)
        return datetime.fromtimestamp(one.ends, UTC).hour, datetime.fromtimestamp(
            two.starts, UTC
        ).hour

    assert [free(27, 3), free(30, 3)] == [(8, 16), (7, 15)]


def test_an_available_without_length_is_none():
    point = component(
        "AVAILABLE", ["UID:x", "DTSTAMP:20260101T000000Z", "DTSTART:20260105T080000Z"]
    )

    assert slots(of(vavailability(point)), DAY) == "U" * 12


HOSTILE = {
    "hourly": "FREQ=HOURLY",
    "every second": "FREQ=SECONDLY",
    "every minute of a day": "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))),
    "too many": "FREQ=DAILY;COUNT=101",
    "another calendar": "RSCALE=CHINESE;FREQ=YEARLY",
    "nonsense": "FREQ=NEVER",
}


@pytest.mark.rfc("7953 8")
@pytest.mark.parametrize("rule", HOSTILE.values(), ids=HOSTILE)
def test_rules_that_would_be_too_much_to_follow_are_refused(rule: str):
    with pytest.raises((ValueError, Refused)):
        require_availability(
            of(vavailability(available("20260105T080000Z", "20260105T090000Z", rule)))
        )


@pytest.mark.rfc("7953 3.1")
@pytest.mark.parametrize(
    "text",
    [
        vavailability(available("20260105T080000", "20260105T090000")),
        vavailability(available("Nowhere/Land:20260105T080000", "20260105T090000Z")),
        vavailability(MORNING, start="20260105"),
        vavailability(available("19691231T080000Z", "20260105T090000Z")),
        vavailability(available("20260105T080000Z", "20260105T090000Z", more=["DURATION:PT1H"])),
        vavailability(
            available("20260105T080000Z", "20260105T090000Z", more=["RRULE:FREQ=DAILY"] * 2)
        ),
        vavailability(available("20260105T080000Z", "20269905T090000Z")),
        vavailability(available("20260105T080000Z", "20260105T070000Z")),
        vavailability(MORNING, start="20260105T090000Z", end="20260105T080000Z"),
        vavailability(MORNING, lines=["DURATION:PT1H"]),
        vavailability(MORNING, lines=["DTSTART:20260105T080000Z"], start="20260105T080000Z"),
        vavailability(MORNING, end="20260105T080000Z", lines=["DTEND:20260106T080000Z"]),
        vavailability(MORNING, lines=["PRIORITY:1", "PRIORITY:2"]),
        vavailability(MORNING, lines=["BUSYTYPE:BUSY", "BUSYTYPE:BUSY-TENTATIVE"]),
    ],
)
def test_times_are_in_utc_or_in_a_zone_that_is_known(text: str):
    with pytest.raises((ValueError, Refused)):
        require_availability(of(text))


def test_what_is_not_refused_is_worked_out_in_a_moment_and_no_further_than_the_bound():
    rules = [
        "FREQ=DAILY;BYHOUR=1,3,5,7,9,11,13,15,17,19,21,23",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=100",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=100",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,-2,-3;COUNT=100",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR;BYMONTHDAY=1",
    ]
    window = Window(DAY, DAY + timedelta(days=400))
    seconds = []
    for rule in rules:
        parts = [
            available("19700101T010000Z", "19700101T013000Z", rule, uid=str(number))
            for number in range(MAX_AVAILABLE)
        ]
        text = of(vavailability(*parts))
        require_availability(text)
        began = process_time()
        found = unavailable(availabilities(text), window)
        seconds.append(process_time() - began)
        assert len(found) <= MAX_INSTANCES + 1

    assert max(seconds) < 0.25, seconds


def test_an_empty_window_of_interest_is_no_work():
    text = of(vavailability(MORNING, start="20260105T000000Z", end="20260106T000000Z"))
    later = Window(DAY + timedelta(days=1), DAY + timedelta(days=2))

    assert unavailable(availabilities(text), later) == []


def test_a_text_of_several_is_one_answer_in_order():
    text = of(vavailability(MORNING))
    window = Window(DAY, DAY + timedelta(days=1))
    at = int(DAY.timestamp())

    assert unavailable(availabilities(text), window) == [
        BusyPeriod(at, at + 8 * 3600, Busy.UNAVAILABLE),
        BusyPeriod(at + 12 * 3600, at + 24 * 3600, Busy.UNAVAILABLE),
    ]
