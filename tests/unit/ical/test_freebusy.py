"""Busy periods and the VFREEBUSY made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.freebusy import BusyPeriod, busy, merged, vfreebusy
from caldavd.ical.index import Occurrence
from caldavd.ical.periods import Busy
from caldavd.model import Window

DAY = int(datetime(2006, 1, 4, tzinfo=UTC).timestamp())
HOUR = 3600
WINDOW = Window(datetime(2006, 1, 4, tzinfo=UTC), datetime(2006, 1, 5, tzinfo=UTC))


def row(start: int, end: int, busy: Busy = Busy.BUSY, floating: bool = False) -> Occurrence:
    return Occurrence(DAY + start * HOUR, DAY + end * HOUR, floating, busy)


def period(start: int, end: int, busy: Busy = Busy.BUSY) -> BusyPeriod:
    return BusyPeriod(DAY + start * HOUR, DAY + end * HOUR, busy)


@pytest.mark.rfc("4791 7.10")
def test_periods_of_one_type_that_meet_or_overlap_are_one() -> None:
    found = busy([row(9, 10), row(12, 14), row(10, 11), row(13, 15)], WINDOW, UTC)

    assert found == [period(9, 11), period(12, 15)]


@pytest.mark.rfc("4791 7.10")
def test_periods_of_different_types_may_overlap() -> None:
    found = busy([row(9, 12), row(10, 11, Busy.TENTATIVE)], WINDOW, UTC)

    assert found == [period(9, 12), period(10, 11, Busy.TENTATIVE)]


@pytest.mark.rfc("4791 7.10")
def test_free_rows_and_rows_outside_the_window_are_left_out_and_others_clipped() -> None:
    rows = [row(9, 10, Busy.FREE), row(-5, 2), row(-5, 0), row(23, 30), row(24, 25)]

    assert busy(rows, WINDOW, UTC) == [period(0, 2), period(23, 24)]


def test_an_all_day_row_is_busy_for_the_day_of_its_zone() -> None:
    found = busy([row(0, 24, floating=True)], WINDOW, ZoneInfo("Europe/Berlin"))

    assert found == [period(0, 23)]


def test_the_union_over_users_is_when_not_all_are_free() -> None:
    assert merged([(5, 6), (1, 3), (2, 4), (4, 5), (9, 9)]) == [(1, 6)]


@pytest.mark.rfc("4791 7.10")
def test_the_component_has_utc_periods_and_types() -> None:
    periods = [period(15, 16, Busy.TENTATIVE), period(19, 20), period(20, 21, Busy.UNAVAILABLE)]

    text = vfreebusy(periods, WINDOW, datetime(2005, 1, 25, 9, tzinfo=UTC), ["UID:1"])

    assert text.split("\r\n") == [
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20050125T090000Z",
        "DTSTART:20060104T000000Z",
        "DTEND:20060105T000000Z",
        "UID:1",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z",
        "FREEBUSY:20060104T190000Z/20060104T200000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20060104T200000Z/20060104T210000Z",
        "END:VFREEBUSY",
        "",
    ]
