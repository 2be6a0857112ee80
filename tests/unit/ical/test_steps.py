"""Rules that only step are stepped through as they are expanded."""

# ruff: noqa: DTZ001  all of it is wall time

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.expansion import expand
from caldavd.ical.rule import WEEKDAYS, Freq, Rule, parse_rule
from caldavd.ical.steps import is_plain, steps

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
DAYS = st.lists(st.integers(0, 6), max_size=4).map(lambda days: tuple((0, day) for day in days))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule that only steps."""
    freq = draw(st.sampled_from([Freq.DAILY, Freq.WEEKLY]))
    count = draw(st.none() | st.integers(1, 300))
    by_day = draw(DAYS) if freq is Freq.WEEKLY and count is None else ()
    return Rule(
        freq,
        interval=draw(st.integers(1, 60)),
        count=count,
        by_day=by_day,
        week_start=draw(st.integers(0, 6)),
    )


@given(rule=rules(), start=MOMENTS, away=st.integers(-3_000, 9_000), days=st.integers(0, 900))
def test_they_are_the_moments_of_the_expansion(
    rule: Rule, start: datetime, away: int, days: int
) -> None:
    after = start + timedelta(days=away, hours=3)
    before = after + timedelta(days=days)

    stepped = list(takewhile(before.__gt__, steps(rule, start, after, before)))

    assert is_plain(rule)
    assert stepped == list(takewhile(before.__gt__, expand(rule, start, after, before)))


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=MONTHLY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYDAY=MO",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=WEEKLY;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "FREQ=WEEKLY;BYDAY=1MO",
    ],
)
def test_what_does_more_than_step_is_left_to_the_expansion(text: str) -> None:
    assert not is_plain(parse_rule(text))


@pytest.mark.parametrize("freq", [Freq.DAILY, Freq.WEEKLY])
def test_a_step_out_of_the_calendar_ends_the_series(freq: Freq) -> None:
    rule = Rule(freq, interval=10**9)
    start, after = datetime(2026, 1, 5, 9), datetime(2026, 1, 1)

    assert list(steps(rule, start, after, datetime(9998, 1, 1))) == [start]


@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.rfc("5545 3.8.2.4")
@pytest.mark.parametrize(
    ("by_day", "days"),
    [("MO,WE", "TU WE MO WE"), ("MO", "TU MO MO MO"), ("TU", "TU TU TU TU"), ("SU", "TU SU SU SU")],
)
def test_dtstart_comes_first_and_then_the_weekdays_of_the_rule(by_day: str, days: str) -> None:
    rule = parse_rule(f"FREQ=WEEKLY;BYDAY={by_day}")
    start = datetime(2026, 1, 6, 9)

    found = islice(steps(rule, start, start, datetime(2026, 3, 1)), 4)

    assert [WEEKDAYS[moment.weekday()] for moment in found] == days.split()
