"""What clients demand of time zones, expansion and parts of the data, over the wire.

`ical` is tested by itself in more depth; these hold that a PUT takes what clients write, that a
query finds it by the index and that the answer shows the same instances.
"""

from __future__ import annotations

import pytest
from sqlalchemy import update

from caldavd.store.engine import Database
from caldavd.store.tables import calendar_object
from tests.protocol.client import Client, declared, multiget, proppatch, query
from tests.protocol.clients.wire import data, text_of
from tests.protocol.instances import (
    LOCAL,
    SERIES,
    YEAR,
    expanded,
    found,
    starts,
    unfolded,
    values,
    within,
)
from tests.protocol.rules import HOME, OBJECT, C
from tests.unit.builders import BERLIN, event, vevent
from tests.unit.builders import calendar as vcalendar

# Time zones


@pytest.mark.rfc("5545 3.2.19")
@pytest.mark.parametrize(
    "tzid",
    [
        "Europe/Berlin",
        "/freeassociation.sourceforge.net/Europe/Berlin",
        "/mozilla.org/20050126_1/Europe/Berlin",
        "W. Europe Standard Time",
    ],
)
async def test_zone_is_known_by_its_name_alone(ann: Client, calendar: str, tzid: str):
    text = event(**LOCAL, start=f"{tzid}:20260705T090000")

    assert await starts(ann, text) == ["20260705T070000Z"]
    assert await found(ann, calendar, within("VEVENT", "20260705T070000Z", "20260705T070001Z"))
    assert not await found(ann, calendar, within("VEVENT", "20260705T080000Z", "20260705T090000Z"))


@pytest.mark.rfc("5545 3.2.19")
async def test_zone_that_nobody_knows_is_taken_like_floating_time(ann: Client, calendar: str):
    text = event(**LOCAL, start="Nowhere/At all:20260705T090000", rrule="FREQ=DAILY;COUNT=2")

    assert len(await starts(ann, text)) == 2
    assert await found(ann, calendar, within("VEVENT", "20260705T090000Z", "20260705T090001Z"))
    assert (await ann("GET", OBJECT)).text == text


@pytest.mark.rfc("5545 3.6.5")
@pytest.mark.parametrize("tzid", ["Europe/Berlin", "Customized Time Zone"])
async def test_zone_that_is_described_is_as_described(ann: Client, calendar: str, tzid: str):
    # An hour east of Berlin.
    zone = BERLIN.replace("Europe/Berlin", tzid).replace("+0200", "+0300").replace("+0100", "+0200")

    text = event(**LOCAL, start=f"{tzid}:20260705T090000", zones=[zone])

    assert await starts(ann, text) == ["20260705T060000Z"]


@pytest.mark.rfc("4791 7.3")
@pytest.mark.parametrize("start", ["20260705", "20260705T000000"], ids=["date", "floating"])
@pytest.mark.parametrize("where", ["report", "report-id", "calendar", "calendar-id"])
async def test_day_is_where_the_zone_of_the_report_or_the_calendar_puts_it(
    ann: Client, calendar: str, start: str, where: str
):
    await ann.put(OBJECT, event(uid="a", start=start, duration=None if "T" not in start else "P1D"))
    zone = f"<![CDATA[{vcalendar(BERLIN)}]]>"
    more = {"report": f"<C:timezone>{zone}</C:timezone>"}.get(where, "")
    if where == "report-id":
        more = "<C:timezone-id>Europe/Berlin</C:timezone-id>"
    if where == "calendar":
        await ann(
            "PROPPATCH",
            calendar,
            proppatch(set_=f"<C:calendar-timezone>{zone}</C:calendar-timezone>"),
        )
    if where == "calendar-id":
        await ann(
            "PROPPATCH",
            calendar,
            proppatch(set_="<C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id>"),
        )

    before = within("VEVENT", "20260704T220000Z", "20260704T230000Z")
    after = within("VEVENT", "20260705T220000Z", "20260705T230000Z")

    assert [await found(ann, calendar, range_, more) for range_ in (before, after)] == [True, False]


@pytest.mark.rfc("4791 5.2.2")
@pytest.mark.rfc("7809 5.2")
async def test_zone_of_a_calendar_is_told_as_text_and_as_name(ann: Client, calendar: str):
    zone = f"<C:calendar-timezone><![CDATA[{vcalendar(BERLIN)}]]></C:calendar-timezone>"
    await ann("PROPPATCH", calendar, proppatch(set_=zone))
    named = text_of(
        await ann.propfind(calendar, "C:calendar-timezone-id"), C + "calendar-timezone-id"
    )
    vienna = "<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"
    await ann("PROPPATCH", calendar, proppatch(set_=vienna))
    told = text_of(await ann.propfind(calendar, "C:calendar-timezone"), C + "calendar-timezone")

    assert named == "Europe/Berlin"
    assert "TZID:Europe/Vienna" in unfolded(told)


# Expansion and parts of the data


@pytest.mark.rfc("4791 9.6.5")
async def test_expansion_is_in_utc_without_rule_and_zone_and_names_every_instance(
    ann: Client, calendar: str
):
    text = event(
        **LOCAL,
        start="Europe/Berlin:20260705T090000",
        rrule="FREQ=DAILY;COUNT=5",
        rdate=["Europe/Berlin:20260720T090000"],
        exdate=["Europe/Berlin:20260706T090000"],
        zones=[BERLIN],
    )
    put = await ann.put(OBJECT, text)
    window = ("20260705T000000Z", "20260708T000000Z")
    props = (
        f'<D:getetag/><C:calendar-data><C:expand start="{window[0]}" end="{window[1]}"/>'
        "</C:calendar-data>"
    )

    answer = await ann("REPORT", calendar, query(within("VEVENT", *window), props), Depth="1")

    shown = data(answer)[OBJECT]
    assert values(shown, "DTSTART") == ["20260705T070000Z", "20260707T070000Z"]
    assert values(shown, "RECURRENCE-ID") == values(shown, "DTSTART")
    for gone in ("RRULE", "RDATE", "EXDATE", "EXRULE", "TZID", "BEGIN:VTIMEZONE"):
        assert not [line for line in unfolded(shown) if line.startswith(gone)]
    assert text_of(answer, "{DAV:}getetag") == put.etag


@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.parametrize(
    ("start", "line"),
    [
        ("20260105", "DTSTART;VALUE=DATE:20260105"),
        ("20260105T090000", "DTSTART:20260105T090000"),
        ("Europe/Berlin:20260105T090000", "DTSTART:20260105T080000Z"),
    ],
    ids=["date", "floating", "zone"],
)
async def test_expanded_event_that_does_not_recur_has_no_recurrence_id(
    ann: Client, calendar: str, start: str, line: str
):
    await ann.put(OBJECT, event(uid="a", start=start))

    shown = await expanded(ann, calendar, "VEVENT", *YEAR)

    assert line in unfolded(shown)
    assert values(shown, "RECURRENCE-ID") == []


@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("20260105", "RECURRENCE-ID;VALUE=DATE:2026010{}"),
        ("20260105T090000", "RECURRENCE-ID:2026010{}T090000"),
    ],
    ids=["date", "floating"],
)
async def test_expanded_days_and_floating_times_stay_what_they_are(
    ann: Client, calendar: str, start: str, name: str
):
    await ann.put(OBJECT, event(uid="a", start=start, rrule="FREQ=DAILY;COUNT=2"))

    shown = unfolded(await expanded(ann, calendar, "VEVENT", *YEAR))

    assert [line for line in shown if line.startswith("RECURRENCE-ID")] == [
        name.format(day) for day in (5, 6)
    ]


@pytest.mark.rfc("4791 9.6.6")
@pytest.mark.rfc("4791 3.2")
async def test_limited_recurrence_set_is_the_master_and_the_overrides_about_the_window(
    ann: Client, calendar: str
):
    overrides = [
        vevent(
            uid="a", start="20260301T090000Z", duration="PT1H", recurrence_id="20260107T090000Z"
        ),
        vevent(
            uid="a", start="20260107T120000Z", duration="PT1H", recurrence_id="20260110T090000Z"
        ),
        vevent(
            uid="a", start="20260112T120000Z", duration="PT1H", recurrence_id="20260112T090000Z"
        ),
    ]
    await ann.put(OBJECT, event(**SERIES, rrule="FREQ=DAILY", overrides=overrides))
    props = (
        '<C:calendar-data><C:limit-recurrence-set start="20260107T000000Z" end="20260108T000000Z"/>'
        "</C:calendar-data>"
    )

    shown = data(await ann("REPORT", calendar, multiget(OBJECT, props=props)))[OBJECT]

    # The first was in the window before it was moved, the second is now.
    assert values(shown, "RECURRENCE-ID") == ["20260107T090000Z", "20260110T090000Z"]
    assert values(shown, "RRULE") == ["FREQ=DAILY"]


@pytest.mark.rfc("4791 9.6.7")
async def test_limited_busy_time_is_that_of_the_window(ann: Client):
    home = HOME + "busy/"
    kind = '<C:supported-calendar-component-set><C:comp name="VFREEBUSY"/>'
    body = (
        f"<C:mkcalendar {declared()}><D:set><D:prop>{kind}</C:supported-calendar-component-set>"
        "</D:prop></D:set></C:mkcalendar>"
    )
    await ann("MKCALENDAR", home, body)
    busy = (
        "BEGIN:VFREEBUSY\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n"
        "FREEBUSY:20260105T090000Z/PT1H,20260107T090000Z/PT1H\r\nEND:VFREEBUSY\r\n"
    )
    await ann.put(home + "a.ics", vcalendar(busy))
    props = (
        '<C:calendar-data><C:limit-freebusy-set start="20260107T000000Z" end="20260108T000000Z"/>'
        "</C:calendar-data>"
    )

    answer = await ann("REPORT", home, multiget(home + "a.ics", props=props))

    assert values(data(answer)[home + "a.ics"], "FREEBUSY") == ["20260107T090000Z/PT1H"]


@pytest.mark.rfc("4791 9.6.4")
@pytest.mark.parametrize(
    ("prop", "line"),
    [('<C:prop name="UID"/>', "UID:a"), ('<C:prop name="UID" novalue="yes"/>', "UID:")],
    ids=["value", "novalue"],
)
async def test_one_property_is_shown_where_one_is_asked_for(
    ann: Client, calendar: str, prop: str, line: str
):
    await ann.put(OBJECT, event(uid="a"))
    comp = f'<C:comp name="VCALENDAR"><C:comp name="VEVENT">{prop}</C:comp></C:comp>'
    props = f"<C:calendar-data>{comp}</C:calendar-data>"

    shown = unfolded(data(await ann("REPORT", calendar, multiget(OBJECT, props=props)))[OBJECT])

    assert shown[shown.index("BEGIN:VEVENT") :] == [
        "BEGIN:VEVENT",
        line,
        "END:VEVENT",
        "END:VCALENDAR",
    ]


SPOIL = update(calendar_object).values(content="BEGIN:VCALENDAR")
"""Makes every text unreadable: whoever finds an object then has not read it."""


@pytest.mark.rfc("4791 7.8.6")
@pytest.mark.parametrize(("uid", "hits"), [("a", True), ("b", False)])
async def test_object_is_found_by_its_uid_without_a_look_at_any_text(
    ann: Client, calendar: str, db: Database, uid: str, hits: bool
):
    await ann.put(OBJECT, event(uid="a"))
    await db.write(lambda tx: tx.run(SPOIL))
    match = f'<C:text-match collation="i;octet">{uid}</C:text-match>'
    filter_ = f'<C:prop-filter name="UID">{match}</C:prop-filter>'

    assert (
        await found(ann, calendar, f'<C:comp-filter name="VEVENT">{filter_}</C:comp-filter>')
        == hits
    )
