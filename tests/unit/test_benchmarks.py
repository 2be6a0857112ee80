"""The parts of the benchmark program that compute: its data, its arithmetic, its tables."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta

import pytest

from caldavd.ical.freebusy import merged
from caldavd.ical.index import index
from caldavd.ical.parse import parse
from tests.benchmarks import items, report
from tests.benchmarks.client import Answer
from tests.benchmarks.expectations import memory, verdicts
from tests.benchmarks.figures import Figures, Row, percentile
from tests.benchmarks.items import Kind
from tests.benchmarks.webdav import multistatus

TODAY = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())


def figures(cpu_us: float, per_s: float = 1_000) -> Figures:
    return Figures(
        requests=1_000,
        elapsed_s=1_000 / per_s,
        cpu_s=cpu_us / 1e3,
        generator_cpu_s=0.1,
        body_bytes=5_000,
        latencies_s=[0.001, 0.002, 0.003],
    )


def row(
    cpu_us: float = 200, *, key: str = "get", objects: int = 200, resident_mb: float = 80
) -> Row:
    return Row("sqlite", key, "GET", objects, figures(cpu_us), figures(100), resident_mb)


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (90, 9), (99, 10), (100, 10), (0, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: int) -> None:
    assert percentile([3, 1, 2, 10, 9, 8, 7, 6, 5, 4], percent) == expected


def test_a_percentile_of_nothing_is_not_a_number() -> None:
    assert math.isnan(percentile([], 50))


def test_more_objects_are_the_same_ones_and_others() -> None:
    assert items.make(500)[:200] == items.make(200)


@pytest.mark.parametrize("count", [200, 3_000])
def test_a_week_has_about_ten_hits_at_every_scale(count: int) -> None:
    made = items.make(count)

    hits = [len(items.hits(made, *week)) for week in items.ranges(1)]

    assert 8 <= min(hits) <= max(hits) <= 12


def test_objects_added_later_lie_outside_the_busy_time() -> None:
    later = items.make(3_000)[items.BUSY_OBJECTS :]

    assert items.hits(later, items.BUSY_FROM, date(2027, 1, 1)) == set()
    assert [item.name for item in later if item.rare] == []


def test_objects_are_of_every_kind_and_of_usual_size() -> None:
    made = items.make(300)
    sizes = [len(item.text().encode()) for item in made]

    assert {item.kind for item in made} == set(Kind)
    assert 1_000 <= sum(sizes) / len(sizes) <= 1_500
    assert max(sizes) <= 3_000


def test_what_a_range_is_said_to_hold_is_what_the_index_says() -> None:
    made = items.make(200)
    start, end = items.ranges(1)[3]
    low, high = (
        int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in (start, end)
    )

    indexed = {
        item.name
        for item in made
        for one in index(parse(item.text().encode()), TODAY).occurrences
        if one.starts < high and one.ends > low
    }

    assert items.hits(made, start, end) == indexed


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ENDLESS])
def test_instances_are_those_that_the_index_has(kind: Kind) -> None:
    item = next(item for item in items.make(200) if item.kind is kind)
    end = date(2026, 11, 21)

    indexed = index(parse(item.text().encode()), TODAY).occurrences

    days = [datetime.fromtimestamp(one.starts, UTC).date() for one in indexed]
    assert [day for day in sorted(days) if day < end] == list(item.days(end))


def test_busy_time_is_that_of_the_index() -> None:
    made = items.make(200)
    start, end = items.ranges(5)[2]
    low, high = (
        int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in (start, end)
    )

    indexed = [
        (one.starts, one.ends)
        for item in made
        for one in index(parse(item.text().encode()), TODAY).occurrences
        if one.busy and low < one.ends and high > one.starts
    ]

    assert merged(indexed) == [
        (int(begins.timestamp()), int(ends.timestamp()))
        for begins, ends in items.busy(made, start, end)
    ]


def test_about_ten_objects_have_the_rare_word() -> None:
    found = [item for item in items.make(200) if items.RARE in item.text().lower()]

    assert found == [item for item in items.make(200) if item.rare]
    assert 8 <= len(found) <= 12


def test_a_revised_object_differs_and_keeps_its_times() -> None:
    item = items.make(20)[12]
    text = items.revised(item.text(), 7)

    before, after = (parse(one.encode()) for one in (item.text(), text))

    assert text != item.text()
    assert index(after, TODAY) == index(before, TODAY)


def test_ranges_are_whole_weeks_from_a_monday() -> None:
    for start, end in items.ranges(5):
        assert (start.weekday(), end - start) == (0, timedelta(weeks=5))


def test_a_share_is_of_the_bare_application() -> None:
    slow = row(cpu_us=400)

    assert (slow.cpu_ratio, slow.rate_ratio) == (0.25, 1.0)
    assert [str(verdict) for verdict in verdicts(slow, [slow])] == ["missed: 0.250"]


def test_an_expectation_holds_for_requests_per_second_too() -> None:
    starved = row(cpu_us=200)
    starved.ours = figures(200, per_s=300)

    assert [str(verdict) for verdict in verdicts(starved, [starved])] == ["missed: 0.300"]


def test_an_operation_may_not_grow_with_the_calendar() -> None:
    small, large = row(200), row(300, objects=20_000)

    found = verdicts(large, [small, large])

    assert [str(verdict) for verdict in found] == ["missed: 0.333", "missed: 1.50 ×"]


def test_a_bar_may_be_of_one_scale() -> None:
    query = [row(600, key="week", objects=objects) for objects in (200, 2_000)]

    assert [list(map(str, verdicts(one, query))) for one in query] == [[], ["missed: 0.167"]]


def test_postgresql_may_take_twice_as_long_and_is_not_judged_by_its_rate() -> None:
    new = row(1_800, key="putnew")
    new.database = "postgresql"
    new.ours.elapsed_s = 60

    assert [(one.expected, one.met) for one in verdicts(new, [new])] == [("≥ 0.05 of bare", True)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_large_meeting_is_to_be_as_fast_on_both_databases(database: str) -> None:
    invited, told = row(key="invite1000"), row(key="deliver1000")
    for one, seconds in ((invited, 0.301), (told, 10.1)):
        one.database, one.bare = database, Figures()
        one.ours.latencies_s = [seconds]

    said = [str(verdict) for one in (invited, told) for verdict in verdicts(one, [one])]

    assert said == ["missed: 301.0 ms", "missed: 10100.0 ms"]


def test_free_busy_is_judged_by_its_slowest_twentieth() -> None:
    asked = row(key="freebusy10")
    asked.ours.latencies_s = [0.001] * 94 + [0.012] * 6
    asked.bare = Figures()

    assert [str(verdict) for verdict in verdicts(asked, [asked])] == ["missed: 12.0 ms"]


def test_a_row_may_have_nothing_beside_it() -> None:
    command = row(key="import")
    command.bare = Figures()
    command.ours.latencies_s = []

    line = report.markdown([command], {"machine": "of the test"}).splitlines()[6]

    assert line == "| GET | 200 | 1000 | - | - | - | 200 | - | - | - | - | 80 |  |  |"


def test_memory_is_judged_by_the_most_there_was() -> None:
    rows = [row(objects=20_000, resident_mb=119), row(objects=20_000, resident_mb=121)]

    assert [(verdict.met, verdict.found) for verdict in memory(rows)] == [(False, "121 MB")]


def test_a_table_has_a_line_for_every_row() -> None:
    rows = [row(), row(objects=2_000)]

    lines = report.markdown(rows, {"machine": "of the test"}).splitlines()

    assert lines[0] == "- machine: of the test"
    assert lines[2] == "### sqlite"
    assert lines[6:8] == [
        "| GET | 200 | 1000 | 2.00 | 3.00 | 3.00 | 200 | - | 100 | 0.500 | 1.000 | 80 "
        "| ≥ 0.40 of bare | met |",
        "| GET | 2000 | 1000 | 2.00 | 3.00 | 3.00 | 200 | - | 100 | 0.500 | 1.000 | 80 "
        "| ≥ 0.40 of bare | met |",
    ]


def test_a_generator_that_was_the_limit_is_marked() -> None:
    limited = row()
    limited.bare.generator_cpu_s = 0.95

    assert "1.000*" in report.text([limited], {})


def test_json_has_what_the_table_has() -> None:
    found = json.loads(report.as_json([row()], {"machine": "of the test"}))

    assert found["machine"] == {"machine": "of the test"}
    assert found["rows"][0]["operation"] == "get"
    assert found["rows"][0]["cpu_ratio"] == 0.5
    assert found["rows"][0]["ours"] == {
        "requests": 1_000,
        "per_s": 1_000,
        "p50_ms": 2,
        "p95_ms": 3,
        "p99_ms": 3,
        "cpu_us": 200,
        "database_cpu_us": 0,
        "generator_busy": 0.1,
        "body_bytes": 5,
    }


def test_properties_that_were_not_found_are_not_there() -> None:
    body = (
        b'<multistatus xmlns="DAV:"><response><href>/c/a%20b.ics</href>'
        b"<propstat><prop><getetag>&quot;1&quot;</getetag></prop>"
        b"<status>HTTP/1.1 200 OK</status></propstat>"
        b"<propstat><prop><displayname>no</displayname></prop>"
        b"<status>HTTP/1.1 404 Not Found</status></propstat></response></multistatus>"
    )

    found = multistatus(Answer(207, b"", body))

    assert list(found.responses) == ["a b.ics"]
    assert found.text("a b.ics", "{DAV:}getetag") == '"1"'
    assert found.text("a b.ics", "{DAV:}displayname") == ""
