"""The law of the index: within its bounds it has exactly the instances that there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.index import index, place
from caldavd.ical.parse import parse
from caldavd.ical.recurrence import _of_series, instances, named
from caldavd.model import Window
from tests.property.objects import objects
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
def test_within_its_bounds_the_index_has_exactly_the_instances(data: st.DataObject) -> None:
    series: Series = data.draw(all_series())
    moved = data.draw(st.sampled_from((None, 2 * DAY, -3 * DAY)))
    if moved is not None:
        future = data.draw(st.booleans())
        series = replace(series, overrides=((series.start, series.start + moved, future),))
    document = parse(text(series, series.rule).encode(), LIMITS)
    now = datetime.combine(series.start, datetime.min.time(), UTC)
    now += data.draw(st.integers(-1_000, 4_000)) * DAY
    start = now + data.draw(st.integers(-3_000, 3_000)) * DAY
    end = start + data.draw(st.sampled_from((timedelta(hours=1), DAY, 40 * DAY)))

    made = index(
        document, int(now.timestamp()), max_rows=data.draw(st.sampled_from((5, 50, 1_500)))
    )

    low, high = int(start.timestamp()), int(end.timestamp())
    if (made.indexed_from is None or made.indexed_from <= low) and (
        made.indexed_until is None or high <= made.indexed_until
    ):
        placed = {place(row, FLOATING) for row in made.occurrences}
        found = instances(document, Window(start, end), FLOATING)
        assert {row for row in placed if row.starts < high and row.ends > low} == {
            (row.starts, row.ends) for row in found
        }


@given(objects(uid="1"))
@PROFILE
def test_what_does_not_recur_is_the_same_without_looking_for_a_series(body: str) -> None:
    document = parse(body.encode())

    rows, found = named(document)

    long_rows, long_found = _of_series(document)
    assert (rows, [of for of in found if of.rules]) == (
        long_rows,
        [of for of in long_found if of.rules],
    )
