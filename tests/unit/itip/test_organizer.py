"""What an organizer's changes send out (RFC 6638 §3.2.1)."""

from __future__ import annotations

import pytest

from caldavd.errors import ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE, Refused
from caldavd.ical.contentline import parameters
from caldavd.ical.parse import parse
from tests.unit.builders import BERLIN, calendar, valarm
from tests.unit.itip.meetings import (
    components,
    daily,
    line,
    meeting_of,
    on,
    part,
    parts_of,
    partstats,
    planned,
    sent,
    sequences,
    single,
    stored,
    task,
    value,
)


@pytest.mark.rfc("6638 3.2.1.1")
@pytest.mark.rfc("5546 3.2.2")
def test_who_is_asked_by_a_new_meeting_gets_a_request_and_the_organizer_none():
    made = planned(None, single("ann ACCEPTED, bob, cid"))

    assert sent(made) == ["REQUEST bob: series", "REQUEST cid: series"]
    assert {one.sender for one in made.messages} == {"mailto:ann@example.com"}
    assert made.text is None


@pytest.mark.rfc("6638 3.2.1.1")
@pytest.mark.rfc("6638 7.1")
@pytest.mark.parametrize("agent", ["CLIENT", "NONE", "X-OTHER"])
def test_whom_the_client_tells_gets_nothing(agent: str):
    asked = f"bob;SCHEDULE-AGENT={agent}, cid;SCHEDULE-AGENT=SERVER"

    made = planned(None, single(asked))

    assert sent(made) == ["REQUEST cid: series"]


@pytest.mark.rfc("6638 3.2.1.2")
@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        ("", "bob", ["REQUEST bob: series"]),
        ("", "bob;SCHEDULE-AGENT=CLIENT", []),
        ("bob", "", ["CANCEL bob: series"]),
        ("bob", "bob;SCHEDULE-AGENT=CLIENT", ["CANCEL bob: series"]),
        ("bob", "bob;SCHEDULE-AGENT=NONE", ["CANCEL bob: series"]),
        ("bob;SCHEDULE-AGENT=CLIENT", "", []),
        ("bob;SCHEDULE-AGENT=CLIENT", "bob", ["REQUEST bob: series"]),
        ("bob;SCHEDULE-AGENT=NONE", "bob", ["REQUEST bob: series"]),
        ("bob;SCHEDULE-AGENT=NONE", "bob;SCHEDULE-AGENT=CLIENT", []),
    ],
)
def test_a_changed_schedule_agent_asks_or_takes_back(before: str, after: str, messages: list[str]):
    made = planned(single(f"ann, {before}"), single(f"ann, {after}", summary="Other"))

    assert sent(made) == messages


@pytest.mark.rfc("6638 3.2.1.3")
@pytest.mark.rfc("5546 3.2.5")
def test_a_meeting_that_is_removed_is_cancelled_for_all():
    made = planned(single("ann, bob, cid;SCHEDULE-AGENT=NONE, dan", sequence=4), None)

    assert sent(made) == ["CANCEL bob: series!", "CANCEL dan: series!"]
    assert [one.sequence for one in made.messages] == [5, 5]
    assert made.messages[0].text is made.messages[1].text


@pytest.mark.rfc("6638 3.2.6")
def test_a_series_that_is_removed_is_cancelled_for_guests_of_single_days_on_these_alone():
    old = daily(on(6, "ann, bob, cid"), on(7, "ann, cid"))

    made = planned(old, None)

    assert sent(made) == ["CANCEL bob: series!", "CANCEL cid: 20260106! 20260107!"]


@pytest.mark.rfc("6638 3.2.1.2")
def test_what_is_written_in_another_way_sends_nothing():
    old = daily(on(6, sequence=1), start="Europe/Berlin:20260105T100000", duration="PT1H")
    new = parse(
        calendar(
            BERLIN,
            part(
                "bob NEEDS-ACTION, ann ACCEPTED",
                start="Europe/Berlin:20260105T100000",
                end="20260105T100000Z",
                rrule="COUNT=10;FREQ=DAILY;INTERVAL=1",
                lines=["STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "CREATED:20200101T000000Z"],
                alarms=[valarm()],
            ),
            on(6, sequence=1, lines=["X-MOZ-LASTACK:20260101T000000Z"]),
        ).encode()
    )

    made = planned(old, new)

    assert sent(made) == []
    assert made.text is None


@pytest.mark.rfc("6638 3.2.1.2")
@pytest.mark.parametrize(
    "fields",
    [
        {"summary": "Other"},
        {"lines": ["LOCATION:Room"]},
        {"lines": ["STATUS:TENTATIVE"]},
        {"lines": ["RDATE:20260301T090000Z"]},
        {"sequence": 3},
    ],
)
def test_what_attendees_see_is_sent_when_it_changes(fields: dict[str, object]):
    made = planned(daily(), daily(**fields))

    assert sent(made) == ["REQUEST bob: series"]


@pytest.mark.rfc("6638 3.2.6")
def test_a_guest_of_one_day_gets_that_day_and_others_a_series_without_what_they_are_not_asked_to():
    new = daily(on(6, "ann, bob, cid"), on(7, "ann, cid"), on(8, "ann, dan"))

    made = planned(None, new)

    assert sent(made) == [
        "REQUEST bob: series -20260107 -20260108 20260106",
        "REQUEST cid: 20260106 20260107",
        "REQUEST dan: 20260108",
    ]


@pytest.mark.rfc("6638 3.2.6")
def test_an_override_that_is_only_for_others_is_not_told():
    new = daily(on(7, "ann, cid", summary="Secret"))

    made = planned(None, new)

    assert ["Secret" in one.text for one in made.messages] == [False, True]
    assert "cid" not in made.messages[0].text


@pytest.mark.rfc("6638 3.2.6")
def test_only_those_are_told_of_a_changed_day_who_are_asked_to_it():
    old = daily(on(6, "ann, bob, cid"), on(7, "ann, dan"))
    new = daily(on(6, "ann, bob, cid"), on(7, "ann, dan", summary="Other"))

    made = planned(old, new)

    assert sent(made) == ["REQUEST dan: 20260107"]


def test_attendees_who_see_the_same_share_one_text():
    made = planned(None, daily(on(7, "ann, dan"), asked="ann, bob, cid"))

    texts = {one.recipient: one.text for one in made.messages}
    assert texts["mailto:bob@example.com"] is texts["mailto:cid@example.com"]
    assert texts["mailto:bob@example.com"] != texts["mailto:dan@example.com"]


@pytest.mark.rfc("5546 3.2.5")
@pytest.mark.rfc("6638 3.2.1.2")
def test_a_day_that_an_exdate_takes_away_is_cancelled():
    new = daily(exdate=["20260107T090000Z"])

    made = planned(daily(), new)

    assert sent(made) == ["CANCEL bob: 20260107!"]
    (component,) = components(made.messages[0].text)
    assert value(component, "DTSTART") == "20260107T090000Z"
    assert value(component, "DTEND") == "20260107T100000Z"
    assert (value(component, "SEQUENCE"), sequences(stored(made, new))) == ("1", [1])


@pytest.mark.rfc("5546 3.2.5")
@pytest.mark.parametrize("exdate", ["Europe/Berlin:20260107T100000", "20260107"])
def test_a_cancelled_day_is_named_as_its_series_names_it(exdate: str):
    fields = {
        "start": "America/New_York:20260105T040000",
        "end": "America/New_York:20260105T053000",
    }

    made = planned(daily(**fields), daily(**fields, exdate=[exdate]))

    (component,) = components(made.messages[0].text)
    assert line(component, "RECURRENCE-ID")[1:] == (";TZID=America/New_York", "20260107T040000")
    assert line(component, "DTSTART")[1:] == (";TZID=America/New_York", "20260107T040000")
    assert line(component, "DTEND")[1:] == (";TZID=America/New_York", "20260107T053000")
    assert "TZID:America/New_York" in made.messages[0].text


@pytest.mark.rfc("5546 3.2.5")
def test_a_changed_day_with_an_exdate_in_its_place_is_cancelled_once():
    old = daily(on(7, hour=15, sequence=5))

    made = planned(old, daily(exdate=["20260107T090000Z"]))

    assert sent(made) == ["CANCEL bob: 20260107!"]
    (component,) = components(made.messages[0].text)
    assert (value(component, "DTSTART"), value(component, "SEQUENCE")) == ("20260107T150000Z", "6")


@pytest.mark.rfc("5546 3.2.5")
def test_a_day_whose_status_is_cancelled_is_cancelled():
    made = planned(daily(), daily(on(7, lines=["STATUS:CANCELLED"])))

    assert sent(made) == ["CANCEL bob: 20260107!"]


@pytest.mark.rfc("5546 3.2.2")
def test_a_request_leaves_a_cancelled_day_out():
    made = planned(None, daily(on(7, lines=["STATUS:CANCELLED"])))

    assert sent(made) == ["REQUEST bob: series -20260107"]


@pytest.mark.rfc("5546 3.2.5")
def test_a_meeting_whose_status_is_cancelled_is_cancelled_for_all_and_once():
    old = daily(on(6, "ann, bob, cid"), sequence=2)
    new = daily(on(6, "ann, bob, cid"), sequence=2, lines=["STATUS:CANCELLED"])

    made = planned(old, new)
    again = planned(parse(stored(made, new).encode()), parse(stored(made, new).encode()))

    assert sent(made) == ["CANCEL bob: series!", "CANCEL cid: 20260106!"]
    assert sequences(stored(made, new)) == [3, 0]
    assert sent(again) == []


@pytest.mark.rfc("5546 3.2.2")
def test_a_meeting_that_takes_place_after_all_is_asked_for_anew():
    old, new = single("bob ACCEPTED", lines=["STATUS:CANCELLED"]), single("bob ACCEPTED")

    made = planned(old, new)

    assert sent(made) == ["REQUEST bob: series"]
    assert partstats(stored(made, new)) == [{"bob": "NEEDS-ACTION"}]


def test_a_meeting_that_begins_cancelled_is_told_to_nobody():
    made = planned(None, single(lines=["STATUS:CANCELLED"]))

    assert sent(made) == []


@pytest.mark.rfc("5546 3.2.5")
def test_who_is_no_longer_asked_is_told_so_and_others_see_the_new_list():
    made = planned(single("ann, bob, cid", sequence=1), single("ann, cid", sequence=1))

    assert sent(made) == ["CANCEL bob: series", "REQUEST cid: series"]
    (component,) = components(made.messages[0].text)
    assert [one.value for one in component.all("ATTENDEE")] == ["mailto:bob@example.com"]
    assert [one.sequence for one in made.messages] == [2, 2]


@pytest.mark.rfc("5546 3.2.5")
@pytest.mark.rfc("6638 3.2.6")
def test_who_is_no_longer_asked_to_one_day_is_told_of_that_day():
    new = daily(on(7, "ann, cid"), asked="ann, bob, cid")

    made = planned(daily(asked="ann, bob, cid"), new)

    assert sent(made) == [
        "CANCEL bob: 20260107",
        "REQUEST cid: series 20260107",
    ]


@pytest.mark.rfc("6638 3.2.6")
def test_who_is_asked_to_some_days_only_from_now_on_gets_them_after_the_series_was_taken_back():
    new = daily(on(7, "ann, bob, cid"), asked="ann, cid")

    made = planned(daily(asked="ann, bob, cid", sequence=3), new)

    assert sent(made) == [
        "CANCEL bob: series",
        "REQUEST bob: 20260107",
        "REQUEST cid: series 20260107",
    ]
    cancel, request, _ = made.messages
    assert (cancel.sequence, request.sequence) == (4, 5)


@pytest.mark.rfc("6638 3.2.6")
def test_who_is_asked_to_the_whole_series_from_now_on_gets_it():
    made = planned(daily(on(7, "ann, bob, cid")), daily(asked="ann, bob, cid"))

    assert sent(made) == ["REQUEST bob: series", "REQUEST cid: series"]


@pytest.mark.rfc("6638 3.2.6")
def test_a_guest_of_one_day_that_is_no_longer_special_is_told_that_it_is_over():
    made = planned(daily(on(7, "ann, bob, cid")), daily())

    assert sent(made) == ["REQUEST bob: series", "CANCEL cid: 20260107"]


@pytest.mark.rfc("5546 3.2.2.1")
@pytest.mark.rfc("6638 3.2.8")
def test_this_and_future_goes_by_an_earlier_end_and_asks_nobody_again():
    old, new = daily(asked="bob ACCEPTED"), daily(asked="bob ACCEPTED", rrule="FREQ=DAILY;COUNT=4")

    made = planned(old, new)

    assert sent(made) == ["REQUEST bob: series"]
    assert (partstats(stored(made, new)), sequences(stored(made, new))) == (
        [{"bob": "ACCEPTED"}],
        [1],
    )


@pytest.mark.rfc("6638 3.2.8")
@pytest.mark.rfc("5546 3.2.2.1")
@pytest.mark.parametrize(
    "fields",
    [
        {"start": "20260105T100000Z", "end": "20260105T110000Z"},
        {"end": "20260105T120000Z"},
        {"duration": "PT2H"},
        {"rrule": "FREQ=DAILY;COUNT=11"},
        {"rrule": "FREQ=WEEKLY;COUNT=10"},
        {"rrule": "FREQ=DAILY"},
        {"rdate": ["20260301T090000Z"]},
    ],
)
def test_a_reschedule_asks_all_again_and_raises_the_sequence(fields: dict[str, object]):
    asked = "ann ACCEPTED, bob ACCEPTED, cid DECLINED"
    new = daily(asked=asked, sequence=7, **fields)

    made = planned(daily(asked=asked, sequence=7), new)

    assert sent(made) == ["REQUEST bob: series", "REQUEST cid: series"]
    assert partstats(stored(made, new)) == [
        {"ann": "ACCEPTED", "bob": "NEEDS-ACTION", "cid": "NEEDS-ACTION"}
    ]
    assert sequences(stored(made, new)) == [8]
    assert partstats(made.messages[0].text) == partstats(stored(made, new))


@pytest.mark.rfc("6638 3.2.8")
def test_a_day_that_comes_back_asks_all_again():
    old = daily(asked="bob ACCEPTED", exdate=["20260107T090000Z"])
    new = daily(asked="bob ACCEPTED")

    made = planned(old, new)

    assert sent(made) == ["REQUEST bob: series"]
    assert partstats(stored(made, new)) == [{"bob": "NEEDS-ACTION"}]


@pytest.mark.rfc("6638 3.2.8")
def test_a_day_at_another_time_asks_again_for_that_day_alone():
    new = daily(on(7, "bob ACCEPTED", hour=15), on(8, "bob ACCEPTED"), asked="bob ACCEPTED")

    made = planned(daily(asked="bob ACCEPTED"), new)

    assert partstats(stored(made, new)) == [
        {"bob": "ACCEPTED"},
        {"bob": "NEEDS-ACTION"},
        {"bob": "ACCEPTED"},
    ]
    assert sequences(stored(made, new)) == [0, 1, 0]


@pytest.mark.rfc("6638 3.2.8")
@pytest.mark.rfc("5546 2.1.4")
def test_another_summary_asks_nobody_again():
    new = single("bob ACCEPTED", summary="Other")

    made = planned(single("bob ACCEPTED"), new)

    assert (sent(made), made.text) == (["REQUEST bob: series"], None)


@pytest.mark.rfc("5546 2.1.4")
def test_a_sequence_that_the_client_raised_stays():
    new = single("bob", sequence=9, start="20260105T100000Z")

    made = planned(single("bob", sequence=2), new)

    assert sequences(stored(made, new)) == [9]


@pytest.mark.rfc("5546 2.1.4")
def test_a_sequence_that_the_client_lowered_is_put_right():
    new = single("bob", sequence=1, summary="Other")

    made = planned(single("bob", sequence=2), new)

    assert sequences(stored(made, new)) == [2]


def test_the_sequence_of_a_meeting_with_nobody_else_is_the_client_s():
    new = single("ann", start="20260106T090000Z")

    made = planned(single("ann"), new)

    assert (sent(made), made.text) == ([], None)


@pytest.mark.rfc("6638 3.2.1")
@pytest.mark.rfc("6638 3.2.10.1")
def test_what_attendees_said_stays_what_it_is():
    old = single("ann, bob ACCEPTED, cid DECLINED, dan;SCHEDULE-AGENT=CLIENT TENTATIVE")
    new = single(
        "ann DECLINED, bob, cid ACCEPTED, dan;SCHEDULE-AGENT=CLIENT ACCEPTED, eve ACCEPTED"
    )

    made = planned(old, new)

    assert partstats(stored(made, new)) == [
        {
            "ann": "DECLINED",
            "bob": "ACCEPTED",
            "cid": "DECLINED",
            "dan": "ACCEPTED",
            "eve": "NEEDS-ACTION",
        }
    ]


@pytest.mark.rfc("6638 7.2")
@pytest.mark.rfc("6638 3.2.7")
def test_a_request_can_be_forced_and_asks_again():
    old = single("bob DECLINED, cid")
    new = single("bob;SCHEDULE-FORCE-SEND=REQUEST NEEDS-ACTION, cid;schedule-force-send=reply")

    made = planned(old, new)

    assert "FORCE-SEND" not in stored(made, new).upper()
    assert partstats(stored(made, new)) == [{"bob": "NEEDS-ACTION", "cid": ""}]
    assert "REQUEST bob: series" in sent(made)


@pytest.mark.rfc("6638 7.2")
def test_a_request_that_only_force_brings_about_says_so():
    new = single("bob;SCHEDULE-FORCE-SEND=REQUEST, cid")

    made = planned(single("bob, cid"), new)

    assert [(one.recipient, one.forced) for one in made.messages] == [
        ("mailto:bob@example.com", True)
    ]
    assert stored(made, new) == single("bob, cid").text


@pytest.mark.rfc("6638 7.2")
def test_a_method_that_nobody_can_force_is_told():
    new = single("bob;SCHEDULE-FORCE-SEND=NEW-METHOD, cid")

    made = planned(single("bob, cid"), new)

    bob = line(components(stored(made, new))[0], "ATTENDEE")
    assert (sent(made), parameters(bob)) == ([], {"SCHEDULE-STATUS": ("2.3",)})


@pytest.mark.rfc("6638 7.1")
@pytest.mark.rfc("6638 7.3")
@pytest.mark.rfc("6638 3.2.5")
def test_a_message_holds_nothing_that_is_the_organizer_s_own():
    new = single(
        "ann;SCHEDULE-STATUS=1.2 ACCEPTED, bob;SCHEDULE-AGENT=SERVER;CN=Bob",
        organizer="ann;SCHEDULE-STATUS=1.2;CN=Ann",
        lines=[
            *("X-MOZ-LASTACK:20260101T000000Z", "X-APPLE-TRAVEL-DURATION:PT1H", "X-PRIVATE:1"),
            *("X-ALT-DESC:kept", "LOCATION:Room", "REQUEST-STATUS:2.0;Success"),
        ],
        alarms=[valarm()],
    )

    made = planned(None, new)

    (component,) = components(made.messages[0].text)
    lines = {f"{one.name}{one.parameter_text}:{one.value}" for one in component.lines}
    assert component.components == []
    assert lines == {
        *("UID:1@example.com", "SEQUENCE:0", "DTSTAMP:20261121T123000Z", "SUMMARY:Meeting"),
        *("DTSTART:20260105T090000Z", "DTEND:20260105T100000Z"),
        "ORGANIZER;CN=Ann:mailto:ann@example.com",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.com",
        "ATTENDEE;CN=Bob:mailto:bob@example.com",
        *("X-ALT-DESC:kept", "LOCATION:Room"),
    }


@pytest.mark.rfc("5546 3.4.2")
@pytest.mark.rfc("5546 3.4.5")
def test_tasks_are_asked_for_and_cancelled_as_events_are():
    old = task("bob", due="20260105T090000Z")

    made = planned(old, task("bob", due="20260106T090000Z"))

    assert sent(planned(None, old)) == ["REQUEST bob: series"]
    assert sent(made) == ["REQUEST bob: series"]
    assert made.messages[0].sequence == 1
    assert sent(planned(old, None)) == ["CANCEL bob: series!"]


def test_so_many_days_at_once_are_left_out_of_the_series_instead():
    many = [
        f"202{year}{month:02}{day:02}T090000Z"
        for year in range(7, 10)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    asked = ", ".join(f"p{number}" for number in range(20))
    old = daily(asked=asked, rrule="FREQ=DAILY")

    made = planned(old, daily(asked=asked, rrule="FREQ=DAILY", exdate=[",".join(many)]))

    assert {one.method for one in made.messages} == {"REQUEST"}


@pytest.mark.rfc("6638 3.2.3.1")
def test_a_meeting_that_becomes_a_plain_event_is_cancelled():
    made = planned(single("bob"), meeting_of(part("").replace("ORGANIZER", "X-WAS")))

    assert sent(made) == ["CANCEL bob: series!"]


def test_the_parts_of_a_request_are_those_of_the_object():
    new = daily(on(7, lines=["LOCATION:Elsewhere"]))

    made = planned(None, new)

    assert value(parts_of(made.messages[0])["20260107"], "LOCATION") == "Elsewhere"


def test_what_the_server_remembers_of_answers_stays_and_is_told_as_it_is():
    """An attendee's server sees by it whether an answer on its way was heard."""
    known = "bob;X-CALDAVD-REPLIED=20260101T000000Z ACCEPTED"
    new = single("bob ACCEPTED, cid;X-CALDAVD-REPLIED=forged", summary="Other")

    made = planned(single(f"{known}, cid"), new)

    expected = single(f"{known}, cid", summary="Other")
    assert components(stored(made, new)) == list(expected.components)
    told = {one for text in made.messages for one in components(text.text)[0].all("ATTENDEE")}
    assert told == set(components(stored(made, new))[0].all("ATTENDEE"))


@pytest.mark.rfc("5546 2.1.4")
def test_an_instance_that_was_taken_back_comes_again_with_no_lower_sequence():
    gone = daily(asked="ann")
    first = planned(daily(on(7, "ann, bob", sequence=4), asked="ann"), gone)
    again = daily(on(7, "ann, bob"), asked="ann")

    second = planned(parse(stored(first, gone).encode()), again)

    assert (sent(first), sent(second)) == (["CANCEL bob: 20260107"], ["REQUEST bob: 20260107"])
    assert (first.messages[0].sequence, second.messages[0].sequence) == (5, 5)


def test_an_override_of_an_instance_that_an_exdate_takes_away_is_none():
    made = planned(None, daily(on(7, "ann, bob, cid"), exdate=["20260107T090000Z"]))

    assert sent(made) == ["REQUEST bob: series -20260107"]


def test_texts_that_would_grow_out_of_all_proportion_are_refused():
    """Each of 1,200 attendees is asked to a series of 1,200, and to one day with nobody else."""
    everybody = ", ".join(f"p{number}" for number in range(1_200))
    days = [
        part(f"p{number}", recurrence_id=day, start=day, end=f"{day[:9]}10{day[11:]}")
        for number, day in enumerate(
            f"20{year}{month:02}{day:02}T090000Z"
            for year in range(26, 30)
            for month in range(1, 13)
            for day in range(1, 26)
        )
    ]
    new = daily(*days, asked=everybody, rrule="FREQ=DAILY")

    with pytest.raises(Refused) as raised:
        planned(None, new)

    assert raised.value.condition == ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE


@pytest.mark.rfc("5546 2.1.4")
def test_what_is_cancelled_keeps_the_sequence_with_which_it_was():
    old = daily(on(7, sequence=4), sequence=1)
    new = daily(on(7, sequence=4), sequence=1, lines=["STATUS:CANCELLED"])

    made = planned(old, new)

    assert [one.sequence for one in made.messages] == [5]
    assert sequences(stored(made, new)) == [5, 4]
