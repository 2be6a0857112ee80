"""What the store indexes of a document."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.extent import BEGINNING, FOREVER, Interval
from caldavd.ical.index import HORIZON_S, MAX_ROWS, Index, Occurrence, index, place
from caldavd.ical.parse import Document, parse
from caldavd.ical.periods import Busy
from caldavd.ical.recurrence import instances
from caldavd.ical.values import DAY_S
from caldavd.model import Window
from tests.unit.builders import calendar, component, event, todo, vevent

START = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp())
MIDNIGHT = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
TODAY = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
HOUR = 3600
BERLIN = ZoneInfo("Europe/Berlin")


def document(text: str) -> Document:
    return parse(text.encode())


def test_a_single_event_is_one_row_and_the_index_is_whole() -> None:
    made = index(document(event()), TODAY)

    row = Occurrence(START, START + HOUR, floating=False, busy=Busy.BUSY)
    assert made == Index((row,), None, None)


def test_an_all_day_event_is_in_seconds_of_the_wall_clock() -> None:
    made = index(document(event(start="20260105")), TODAY)

    assert made.occurrences == (Occurrence(MIDNIGHT, MIDNIGHT + DAY_S, True, Busy.BUSY),)


def test_a_floating_row_is_placed_in_the_zone_of_the_asker() -> None:
    row = Occurrence(MIDNIGHT, MIDNIGHT + DAY_S, True, Busy.BUSY)

    placed = place(row, ZoneInfo("Europe/Berlin"))

    assert placed == Interval(MIDNIGHT - HOUR, MIDNIGHT + DAY_S - HOUR)


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("5545 3.8.2.7")
@pytest.mark.parametrize(
    ("lines", "busy"),
    [
        ([], Busy.BUSY),
        (["TRANSP:OPAQUE", "STATUS:CONFIRMED"], Busy.BUSY),
        (["STATUS:TENTATIVE"], Busy.TENTATIVE),
        (["STATUS:CANCELLED"], Busy.FREE),
        (["STATUS:X-MAYBE"], Busy.BUSY),
        (["TRANSP:TRANSPARENT"], Busy.FREE),
        (["TRANSP:transparent", "STATUS:TENTATIVE"], Busy.FREE),
    ],
)
def test_transp_and_status_say_how_busy(lines: list[str], busy: Busy) -> None:
    made = index(document(event(lines=lines)), TODAY)

    assert [row.busy for row in made.occurrences] == [busy]


def test_an_event_without_length_and_a_task_keep_nobody_busy() -> None:
    point = index(document(event(start="20260105T090000Z", duration="PT0S")), TODAY)
    task = index(document(todo(start="20260105T090000Z", due="20260105T100000Z")), TODAY)

    assert [row.busy for row in (*point.occurrences, *task.occurrences)] == [Busy.FREE, Busy.FREE]


def test_a_task_without_dates_is_always() -> None:
    made = index(document(todo()), TODAY)

    assert made.occurrences == (Occurrence(BEGINNING, FOREVER, False, Busy.FREE),)


def test_a_series_that_ends_is_indexed_whole() -> None:
    made = index(document(event(rrule="FREQ=WEEKLY;COUNT=10")), TODAY)

    rows = [START + week * 7 * DAY_S for week in range(10)]
    assert ([row.starts for row in made.occurrences], made.indexed_from, made.indexed_until) == (
        rows,
        None,
        None,
    )


def test_an_endless_series_is_indexed_to_the_horizon() -> None:
    made = index(document(event(rrule="FREQ=WEEKLY")), TODAY)

    assert (made.indexed_from, made.indexed_until) == (None, TODAY + HORIZON_S)
    assert made.occurrences[-1].starts > TODAY + HORIZON_S - 8 * DAY_S


def test_a_long_past_is_indexed_from_some_time_on() -> None:
    made = index(document(event(start="19900105T090000Z", rrule="FREQ=DAILY")), TODAY)

    assert made.indexed_from is not None and made.indexed_from < TODAY - 365 * DAY_S
    assert 1_000 < len(made.occurrences) <= MAX_ROWS + 5


def test_a_dense_series_is_indexed_for_a_shorter_time() -> None:
    made = index(document(event(rrule="FREQ=HOURLY")), TODAY)

    assert made.indexed_until is not None and made.indexed_until > TODAY
    assert len(made.occurrences) <= MAX_ROWS + 5


@pytest.mark.parametrize("start", ["20100105T090000Z", "20261101T090000Z", "20270105T090000Z"])
@pytest.mark.parametrize("rrule", ["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=15"])
def test_the_densest_series_are_indexed_for_the_days_to_come(start: str, rrule: str) -> None:
    made = index(document(event(start=start, rrule=rrule)), TODAY)

    assert made.indexed_until is not None and made.indexed_until > TODAY + 7 * DAY_S
    assert made.indexed_from is None or made.indexed_from <= TODAY - DAY_S


def test_equal_instances_are_one_row() -> None:
    text = calendar(vevent(), vevent(recurrence_id="20260107T090000Z"))

    assert len(index(document(text), TODAY).occurrences) == 1


def test_overrides_bring_their_own_row() -> None:
    text = event(
        rrule="FREQ=DAILY;COUNT=2",
        overrides=[
            vevent(
                recurrence_id="20260106T090000Z",
                start="20260106T120000Z",
                duration="PT1H",
                lines=["STATUS:CANCELLED"],
            )
        ],
    )

    assert index(document(text), TODAY).occurrences == (
        Occurrence(START, START + HOUR, False, Busy.BUSY),
        Occurrence(START + 27 * HOUR, START + 28 * HOUR, False, Busy.FREE),
    )


def test_a_published_free_busy_has_its_span_and_its_periods() -> None:
    text = calendar(
        component(
            "VFREEBUSY",
            [
                "UID:1",
                "DTSTART:20260105T000000Z",
                "DTEND:20260106T000000Z",
                "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260105T090000Z/PT1H",
                "FREEBUSY;FBTYPE=FREE:20260105T120000Z/PT1H",
            ],
        )
    )

    assert index(document(text), TODAY).occurrences == (
        Occurrence(MIDNIGHT, MIDNIGHT + DAY_S + 1, False, Busy.FREE),
        Occurrence(START, START + HOUR, False, Busy.UNAVAILABLE),
        Occurrence(START + 3 * HOUR, START + 4 * HOUR, False, Busy.FREE),
    )


@pytest.mark.rfc("4791 9.9")
@pytest.mark.rfc("5545 3.8.2.3")
@pytest.mark.parametrize("due", ["20260329T030000", "20261025T030000", "20260329T023000"])
def test_a_floating_task_is_due_when_the_clocks_change(due: str) -> None:
    document = parse(todo(due=due).encode())

    placed = [tuple(place(row, BERLIN)) for row in index(document, 0).occurrences]

    found = instances(document, Window(None, None), BERLIN)
    assert placed == [(one.starts, one.ends) for one in found]
