"""A masked object is busy when the object is, and is one that can be stored itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.masked import masked
from caldavd.ical.parse import parse
from caldavd.ical.recurrence import instances
from caldavd.model import Window
from tests.property.test_recurrence_oracle import (
    DAY,
    FLOATING,
    LIMITS,
    PROFILE,
    Series,
    all_series,
    text,
)


@given(st.data())
@PROFILE
def test_a_masked_object_has_the_instances_of_the_object(data: st.DataObject) -> None:
    series: Series = data.draw(all_series())
    moved = data.draw(st.sampled_from((None, 2 * DAY, -3 * DAY)))
    if moved is not None:
        future = data.draw(st.booleans())
        series = replace(series, overrides=((series.start, series.start + moved, future),))
    source = text(series, series.rule)
    start = datetime.combine(series.start, datetime.min.time(), UTC)
    window = Window(start - 10 * DAY, start + data.draw(st.integers(1, 800)) * timedelta(days=1))

    hidden = parse(masked(source).encode(), LIMITS)

    shown = parse(source.encode(), LIMITS)
    assert [(one.starts, one.ends) for one in instances(hidden, window, FLOATING)] == [
        (one.starts, one.ends) for one in instances(shown, window, FLOATING)
    ]
