"""What an attendee may change, and what that sends out (RFC 6638 §3.2.2)."""

from __future__ import annotations

import pytest

from caldavd.errors import ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE, Refused
from caldavd.ical.contentline import parameter, parameters
from caldavd.ical.parse import Document, parse
from tests.unit.builders import BERLIN, calendar, valarm
from tests.unit.itip.meetings import (
    BOB,
    answers,
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
    without_stamps,
)

ASKED = "ann ACCEPTED, bob NEEDS-ACTION"
ACCEPTED = "ann ACCEPTED, bob ACCEPTED"
DECLINED = "ann ACCEPTED, bob DECLINED"


def refused(old: Document, new: Document) -> str:
    """The words with which a change of bob's object is refused."""
    with pytest.raises(Refused) as raised:
        planned(old, new, BOB)

    assert raised.value.condition == ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE
    return raised.value.reason


@pytest.mark.rfc("6638 3.2.2.3")
@pytest.mark.rfc("5546 3.2.3")
@pytest.mark.parametrize("said", ["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION"])
def test_an_answer_is_sent_to_the_organizer(said: str):
    old = single("ann ACCEPTED, bob X-UNDECIDED, cid", sequence=3)

    new = single(f"ann ACCEPTED, bob {said}, cid", sequence=3)

    made = planned(old, new, BOB)

    assert sent(made) == ["REPLY ann: series"]
    assert answers(made) == {"series": said}
    (message,) = made.messages
    assert (message.sender, message.sequence) == ("mailto:bob@example.com", 3)
    assert (without_stamps(stored(made, new)), made.keeps_tag) == (new.text, True)


@pytest.mark.rfc("5546 3.2.3")
@pytest.mark.rfc("6638 3.2.5")
def test_a_reply_holds_who_answers_what_and_nothing_else():
    fields = {
        "organizer": "ann;CN=Ann;SCHEDULE-STATUS=1.2",
        "sequence": 2,
        "lines": ["LOCATION:Room", "DESCRIPTION:Long", "X-MOZ-LASTACK:1", "CLASS:PRIVATE"],
        "alarms": [valarm()],
    }
    new = single("ann ACCEPTED, bob;CN=Bob;SCHEDULE-AGENT=SERVER ACCEPTED, cid", **fields)

    made = planned(single("ann ACCEPTED, bob, cid", **fields), new, BOB)

    (component,) = components(made.messages[0].text)
    lines = [f"{one.name}{one.parameter_text}:{one.value}" for one in component.lines]
    assert lines == [
        "UID:1@example.com",
        "DTSTAMP:20261121T123000Z",
        "SEQUENCE:2",
        "SUMMARY:Meeting",
        "DTSTART:20260105T090000Z",
        "DTEND:20260105T100000Z",
        "ORGANIZER;CN=Ann:mailto:ann@example.com",
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=Bob:mailto:bob@example.com",
        "REQUEST-STATUS:2.0;Success",
    ]


@pytest.mark.rfc("6638 3.2.2.3")
def test_an_answer_for_one_day_is_an_override():
    new = daily(on(7, DECLINED), asked=ASKED, sequence=2)

    made = planned(daily(asked=ASKED, sequence=2), new, BOB)

    assert answers(made) == {"20260107": "DECLINED"}
    (component,) = components(made.messages[0].text)
    assert value(component, "SEQUENCE") == "2"
    assert made.keeps_tag


@pytest.mark.rfc("6638 3.2.2.3")
def test_answers_for_the_series_and_for_days_go_out_together():
    old = daily(on(6, ASKED, hour=15), on(7, DECLINED), asked=ASKED)
    new = daily(on(6, ACCEPTED, hour=15), on(7, DECLINED), on(8, DECLINED), asked=ACCEPTED)

    made = planned(old, new, BOB)

    assert answers(made) == {
        "series": "ACCEPTED",
        "20260106": "ACCEPTED",
        "20260107": "DECLINED",
        "20260108": "DECLINED",
    }


@pytest.mark.rfc("6638 3.2.2.3")
def test_a_day_that_is_removed_is_declined():
    made = planned(daily(asked=ACCEPTED), daily(asked=ACCEPTED, exdate=["20260107"]), BOB)

    assert answers(made) == {"20260107": "DECLINED"}
    assert not made.keeps_tag


@pytest.mark.rfc("6638 3.2.2.1")
def test_a_changed_day_that_is_removed_is_declined():
    old = daily(on(7, ACCEPTED, hour=15, sequence=4), asked=ACCEPTED)

    made = planned(old, daily(asked=ACCEPTED, exdate=["20260107T090000Z"]), BOB)

    (component,) = components(made.messages[0].text)
    assert answers(made) == {"20260107": "DECLINED"}
    assert (value(component, "DTSTART"), value(component, "SEQUENCE")) == ("20260107T150000Z", "4")


def test_a_day_that_was_declined_or_cancelled_is_removed_in_silence():
    gone = on(8, ACCEPTED, lines=["STATUS:CANCELLED"])
    old = daily(on(7, DECLINED), gone, asked=ACCEPTED)

    made = planned(old, daily(asked=ACCEPTED, exdate=["20260107", "20260108"]), BOB)

    assert sent(made) == []


@pytest.mark.rfc("6638 3.2.2.3")
def test_one_of_several_days_without_their_series_is_declined_by_leaving_it_out():
    old = meeting_of(on(6, ACCEPTED), on(7, ACCEPTED))

    made = planned(old, meeting_of(on(7, ACCEPTED)), BOB)

    assert answers(made) == {"20260106": "DECLINED"}


@pytest.mark.rfc("5546 3.2.3")
@pytest.mark.parametrize("name", ["COMMENT", "X-CALENDARSERVER-PRIVATE-COMMENT"])
def test_a_comment_goes_out_with_the_answer_as_it_stands(name: str):
    old = single(ACCEPTED, lines=["COMMENT:By the organizer"])
    new = single(ACCEPTED, lines=["COMMENT:By the organizer", f"{name}:I may be late"])

    made = planned(old, new, BOB)

    (component,) = components(made.messages[0].text)
    assert answers(made) == {"series": "ACCEPTED"}
    assert value(component, name) == "I may be late"
    assert "By the organizer" not in made.messages[0].text


def test_a_comment_is_repeated_with_each_answer():
    lines = ["X-CALENDARSERVER-PRIVATE-COMMENT:I may be late"]

    made = planned(single(ASKED, lines=lines), single(ACCEPTED, lines=lines), BOB)

    (component,) = components(made.messages[0].text)
    assert value(component, "X-CALENDARSERVER-PRIVATE-COMMENT") == "I may be late"


@pytest.mark.rfc("5546 3.4.3")
@pytest.mark.rfc("6638 3.2.2.1")
def test_how_far_a_task_has_come_is_told():
    old = task("ann, bob ACCEPTED", due="20260105")
    done = ["PERCENT-COMPLETE:50", "STATUS:IN-PROCESS"]

    made = planned(old, task("ann, bob ACCEPTED", due="20260105", lines=done), BOB)

    (component,) = components(made.messages[0].text)
    assert answers(made) == {"series": "ACCEPTED"}
    assert (value(component, "PERCENT-COMPLETE"), value(component, "STATUS")) == (
        "50",
        "IN-PROCESS",
    )


@pytest.mark.rfc("5546 3.2.2.3")
def test_attendance_can_be_delegated():
    new = single('ann ACCEPTED, bob;DELEGATED-TO="mailto:eve@example.com" DELEGATED, eve')

    made = planned(single("ann ACCEPTED, bob"), new, BOB)

    who = line(components(made.messages[0].text)[0], "ATTENDEE")
    assert parameters(who) == {
        "PARTSTAT": ("DELEGATED",),
        "DELEGATED-TO": ("mailto:eve@example.com",),
    }


@pytest.mark.rfc("6638 3.2.2.1")
@pytest.mark.parametrize(
    "fields",
    [
        {"alarms": [valarm()]},
        {"lines": ["X-MOZ-LASTACK:20260101T000000Z", "X-MOZ-GENERATION:2"]},
        {"lines": ["TRANSP:TRANSPARENT"]},
        {"lines": ["CATEGORIES:Mine", "COLOR:red"]},
        {"lines": ["LAST-MODIFIED:20260101T000000Z", "CREATED:20260101T000000Z"]},
        {"lines": ["PERCENT-COMPLETE:0", "STATUS:CONFIRMED", "CLASS:PUBLIC", "PRIORITY:0"]},
        {"lines": ["DESCRIPTION:", "LOCATION:"]},
        {"duration": "PT1H"},
        {"start": "Europe/Berlin:20260105T100000", "end": "Europe/Berlin:20260105T110000"},
        {"summary": " Meeting "},
        {"organizer": "ann;CN=Ann"},
    ],
)
def test_what_is_an_attendee_s_own_or_says_the_same_is_no_change(fields: dict[str, object]):
    made = planned(single(ACCEPTED), single(ACCEPTED, **fields), BOB)

    assert (sent(made), made.text) == ([], None)


@pytest.mark.rfc("6638 3.2.10")
@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"alarms": [valarm()]}, True),
        ({"lines": ["X-MOZ-LASTACK:20260101T000000Z"]}, True),
        ({"lines": ["LAST-MODIFIED:20260101T000000Z"]}, True),
        ({"lines": ["TRANSP:TRANSPARENT"]}, False),
        ({"lines": ["COMMENT:Late"]}, False),
    ],
)
def test_the_schedule_tag_stays_where_a_client_keeps_something_for_itself(
    fields: dict[str, object], kept: bool
):
    assert planned(single(ACCEPTED), single(ACCEPTED, **fields), BOB).keeps_tag is kept


@pytest.mark.rfc("6638 3.2.2.1")
def test_a_series_that_a_client_writes_in_its_own_way_is_no_change():
    old = daily(
        on(7, ACCEPTED, hour=15),
        asked=ACCEPTED,
        rrule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;WKST=MO",
        exdate=["20260112T090000Z,20260119T090000Z"],
    )
    new = parse(
        calendar(
            on(7, ACCEPTED, hour=15),
            part(
                "bob ACCEPTED, ann ACCEPTED",
                rrule="freq=WEEKLY;BYDAY=MO",
                exdate=["20260119T090000Z", "20260112"],
            ),
            BERLIN,
        ).encode()
    )

    made = planned(old, new, BOB)

    assert (sent(made), made.text) == ([], None)


@pytest.mark.rfc("6638 3.2.2.1")
def test_what_a_client_has_no_place_for_is_put_back():
    lines = ["GEO:1;2", "ATTACH;FMTTYPE=text/plain:https://example.com/a", "CONTACT:Eve"]
    new = single(ACCEPTED)

    made = planned(single(ASKED, lines=lines), new, BOB)

    assert answers(made) == {"series": "ACCEPTED"}
    assert without_stamps(stored(made, new)) == single(ACCEPTED, lines=lines).text


@pytest.mark.rfc("6638 3.2.4.4")
@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"summary": "Other"}, "SUMMARY"),
        ({"lines": ["LOCATION:Elsewhere"]}, "LOCATION"),
        ({"lines": ["STATUS:CANCELLED"]}, "STATUS"),
        ({"lines": ["URL:https://example.com/", "GEO:1;2"]}, "GEO, URL"),
        ({"summary": None}, "SUMMARY"),
        ({"end": "20260105T110000Z"}, "DTEND"),
        ({"start": "20260105T083000Z", "end": "20260105T093000Z"}, "DTEND, DTSTART"),
        ({"rrule": "FREQ=DAILY"}, "RRULE"),
        ({"rdate": ["20260106T090000Z"]}, "RDATE"),
        ({"organizer": "bob"}, "the ORGANIZER"),
        ({"organizer": "cid"}, "the ORGANIZER"),
    ],
)
def test_what_is_the_organizer_s_is_refused(fields: dict[str, object], named: str):
    reason = refused(single(ACCEPTED), single(ACCEPTED, **fields))

    assert reason == f"an attendee may not change {named}: ask the organizer"


@pytest.mark.rfc("6638 3.2.4.4")
@pytest.mark.parametrize("asked", [f"{ACCEPTED}, cid", "bob ACCEPTED", "ann ACCEPTED"])
def test_who_is_asked_is_the_organizer_s(asked: str):
    assert refused(single(ACCEPTED), single(asked))


@pytest.mark.rfc("6638 3.2.4.4")
@pytest.mark.parametrize(
    "new",
    [
        daily(asked=ACCEPTED),
        daily(on(6, ACCEPTED, hour=16), asked=ACCEPTED, exdate=["20260108"]),
        daily(
            on(6, ACCEPTED, hour=15), on(7, ACCEPTED, hour=12), asked=ACCEPTED, exdate=["20260108"]
        ),
        daily(on(6, ACCEPTED, hour=15), on(8, ACCEPTED), asked=ACCEPTED, exdate=["20260108"]),
        daily(on(6, ACCEPTED, hour=15), asked=ACCEPTED),
        meeting_of(on(6, ACCEPTED, hour=15)),
    ],
    ids=["override gone", "moved", "new and moved", "brought back", "exdate gone", "series gone"],
)
def test_which_instances_there_are_is_the_organizer_s(new: Document):
    assert refused(daily(on(6, ACCEPTED, hour=15), asked=ACCEPTED, exdate=["20260108"]), new)


@pytest.mark.rfc("6638 3.2.2.1")
def test_an_override_that_holds_only_an_answer_can_go_and_takes_it_back():
    old = daily(on(7, DECLINED, lines=["TRANSP:TRANSPARENT"]), asked=ACCEPTED)
    new = daily(asked=ACCEPTED)

    made = planned(old, new, BOB)

    assert (answers(made), made.keeps_tag) == ({"20260107": "ACCEPTED"}, False)
    assert [one["bob"] for one in partstats(stored(made, new))] == ["ACCEPTED", "ACCEPTED"]


def test_an_override_without_an_answer_of_its_own_can_go():
    old = daily(on(7, ACCEPTED, lines=["TRANSP:TRANSPARENT"]), asked=ACCEPTED)

    made = planned(old, daily(asked=ACCEPTED), BOB)

    assert (sent(made), made.text) == ([], None)


def test_to_delegate_changes_the_schedule_tag():
    to_dan = 'bob;DELEGATED-TO="mailto:dan@example.com" DELEGATED'
    dan = 'dan;DELEGATED-FROM="mailto:bob@example.com"'

    made = planned(single(), single(f"ann ACCEPTED, {to_dan}, {dan}"), BOB)

    assert not made.keeps_tag


@pytest.mark.rfc("6638 3.2.10.1")
def test_what_others_said_and_the_sequence_stay_what_they_are():
    old = single("ann ACCEPTED, bob, cid DECLINED", sequence=3)
    new = single("ann ACCEPTED, bob ACCEPTED, cid ACCEPTED", sequence=4)

    made = planned(old, new, BOB)

    assert answers(made) == {"series": "ACCEPTED"}
    assert partstats(stored(made, new)) == [
        {"ann": "ACCEPTED", "bob": "ACCEPTED", "cid": "DECLINED"}
    ]
    assert sequences(stored(made, new)) == [3]
    assert made.messages[0].sequence == 3


@pytest.mark.rfc("6638 7.2")
@pytest.mark.rfc("6638 3.2.7")
def test_a_reply_can_be_forced():
    new = daily(on(7, DECLINED), asked=ACCEPTED, organizer="ann;SCHEDULE-FORCE-SEND=REPLY")

    made = planned(daily(on(7, DECLINED), asked=ACCEPTED), new, BOB)

    assert answers(made) == {"series": "ACCEPTED", "20260107": "DECLINED"}
    assert made.messages[0].forced
    assert "FORCE-SEND" not in stored(made, new)


@pytest.mark.rfc("6638 3.2.2.2")
@pytest.mark.rfc("6638 7.1")
@pytest.mark.parametrize("agent", ["CLIENT", "NONE", "X-OTHER"])
def test_what_the_client_sees_to_is_neither_judged_nor_answered(agent: str):
    organizer = f"ann;SCHEDULE-AGENT={agent}"
    old = single(ASKED, organizer=organizer)
    new = single("bob ACCEPTED", organizer=organizer, summary="Other")

    assert sent(planned(None, new, BOB)) == []
    assert sent(planned(old, new, BOB)) == []
    assert sent(planned(old, None, BOB)) == []


@pytest.mark.rfc("6638 3.2.2.2")
def test_an_invitation_that_a_client_stores_is_answered_if_there_is_an_answer():
    assert sent(planned(None, single(ASKED), BOB)) == []
    assert answers(planned(None, single(ACCEPTED), BOB)) == {"series": "ACCEPTED"}


@pytest.mark.rfc("6638 3.2.2.4")
@pytest.mark.rfc("6638 8.1")
def test_removing_declines_unless_nobody_is_to_know():
    old = daily(on(6, DECLINED), on(7, ASKED), asked=ACCEPTED, sequence=2)

    assert answers(planned(old, None, BOB)) == {"series": "DECLINED", "20260107": "DECLINED"}
    assert sent(planned(old, None, BOB, reply=False)) == []


@pytest.mark.rfc("6638 3.2.2.4")
@pytest.mark.parametrize(
    "old",
    [
        single(DECLINED),
        single(ACCEPTED, lines=["STATUS:CANCELLED"]),
        meeting_of(on(6, ACCEPTED, lines=["STATUS:CANCELLED"]), on(7, DECLINED)),
    ],
)
def test_removing_what_was_declined_or_cancelled_says_nothing(old: Document):
    assert sent(planned(old, None, BOB)) == []


def test_a_cancelled_meeting_needs_no_answer():
    fields = {"lines": ["STATUS:CANCELLED"]}

    assert sent(planned(single(ASKED, **fields), single(ACCEPTED, **fields), BOB)) == []


@pytest.mark.rfc("6638 3.2.3.1")
def test_making_it_a_plain_event_declines():
    made = planned(single(ACCEPTED), meeting_of(part("").replace("ORGANIZER", "X-WAS")), BOB)

    assert answers(made) == {"series": "DECLINED"}


def test_what_the_server_remembers_of_the_organizer_s_messages_stays():
    known = "X-CALDAVD-RECEIVED;SEQUENCE=2:20260101T000000Z"
    forged = known.replace("=2", "=9")
    old = daily(on(7, ACCEPTED, lines=[known]), asked=ACCEPTED, lines=[known])
    new = daily(on(7, DECLINED), asked=ACCEPTED, lines=[forged])

    made = planned(old, new, BOB)

    assert (
        without_stamps(stored(made, new))
        == daily(on(7, DECLINED, lines=[known]), asked=ACCEPTED, lines=[known]).text
    )
    assert "X-CALDAVD" not in made.messages[0].text


@pytest.mark.rfc("5546 2.1.5")
def test_a_reply_is_remembered_by_its_stamp_where_it_says_something():
    old = daily(on(7, ACCEPTED), asked=ASKED)
    new = daily(on(7, "ann ACCEPTED, bob;X-CALDAVD-REPLIED=forged ACCEPTED"), asked=ACCEPTED)

    made = planned(old, new, BOB)

    series, day = (list(one.all("ATTENDEE"))[1] for one in components(stored(made, new)))
    assert [parameter(one, "X-CALDAVD-REPLIED") for one in (series, day)] == [
        "20261121T123000Z",
        None,
    ]


def test_a_reply_to_a_series_names_its_rule_as_an_answer_to_the_same_times():
    made = planned(daily(), daily(asked="ann ACCEPTED, bob ACCEPTED"), BOB)

    assert value(parts_of(made.messages[0])["series"], "RRULE") == "FREQ=DAILY;COUNT=10"


@pytest.mark.rfc("5546 3.2.3")
def test_a_reply_says_that_nothing_was_decided_yet():
    """A comment may go out before there is an answer; one that was given may be taken back."""
    lines = ["X-CALENDARSERVER-PRIVATE-COMMENT:I do not know"]

    made = planned(single("ann ACCEPTED, bob"), single("ann ACCEPTED, bob", lines=lines), BOB)

    assert answers(made) == {"series": "NEEDS-ACTION"}


def test_a_day_that_was_removed_stays_declined_when_the_series_is_answered():
    removed = daily(asked=DECLINED, exdate=["20260107T090000Z"])
    first = planned(daily(asked=DECLINED), removed, BOB)
    now = daily(asked=ACCEPTED, exdate=["20260107T090000Z"])

    second = planned(parse(stored(first, removed).encode()), now, BOB)

    assert sent(first) == []
    assert answers(second) == {"series": "ACCEPTED", "20260107": "DECLINED"}


@pytest.mark.rfc("5546 2.1.5")
def test_the_second_of_two_answers_of_one_second_is_the_later_one():
    new = single(ACCEPTED)
    first = planned(single(), new, BOB)
    stands = parse(stored(first, new).encode())

    second = planned(stands, single("ann ACCEPTED, bob TENTATIVE"), BOB)

    stamps = [value(components(one.messages[0].text)[0], "DTSTAMP") for one in (first, second)]
    assert stamps == ["20261121T123000Z", "20261121T123001Z"]


def test_an_instance_that_goes_as_the_series_is_answered_anew_is_declined_in_words():
    old, new = daily(asked=DECLINED), daily(asked=ACCEPTED, exdate=["20260107T090000Z"])

    assert answers(planned(old, new, BOB)) == {"series": "ACCEPTED", "20260107": "DECLINED"}
