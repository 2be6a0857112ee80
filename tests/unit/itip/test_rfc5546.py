"""RFC 5546 section by section: what messages have to hold, and what becomes of those that come."""

from __future__ import annotations

import re
from typing import Final

import pytest

from caldavd.errors import VALID_SCHEDULING_MESSAGE, Refused
from caldavd.ical.contentline import parameter, read
from caldavd.ical.parse import Document, parse
from caldavd.ical.parse import stored as reread
from caldavd.itip.incoming import read_message
from caldavd.itip.message import Message
from caldavd.itip.outcome import Ignored, Outcome
from caldavd.itip.receive import receive
from tests.unit.builders import calendar, valarm, vtodo
from tests.unit.itip.meetings import (
    BOB,
    components,
    daily,
    meeting_of,
    on,
    part,
    planned,
    single,
    task,
    value,
)
from tests.unit.itip.messages import (
    NOW,
    PEOPLE,
    answer,
    answers,
    cancel,
    got,
    having,
    me,
    message,
    organized,
    person,
    reply,
    request,
    said,
)
from tests.unit.itip.messages import part as told

ONCE: Final = {
    ("REQUEST", "VEVENT"): {"DTSTAMP", "DTSTART", "ORGANIZER", "SUMMARY", "UID"},
    ("REQUEST", "VTODO"): {"DTSTAMP", "ORGANIZER", "PRIORITY", "SUMMARY", "UID"},
    ("REPLY", "VEVENT"): {"ATTENDEE", "DTSTAMP", "ORGANIZER", "UID"},
    ("REPLY", "VTODO"): {"ATTENDEE", "DTSTAMP", "ORGANIZER", "UID"},
    ("CANCEL", "VEVENT"): {"DTSTAMP", "ORGANIZER", "SEQUENCE", "UID"},
    ("CANCEL", "VTODO"): {"DTSTAMP", "ORGANIZER", "SEQUENCE", "UID"},
}
"""What the tables of §3.2 and §3.4 want one of. A task without DTSTART has none to tell of."""
NEVER: Final = {
    "REQUEST": {"REQUEST-STATUS"},
    "REPLY": {"VALARM"},
    "CANCEL": {"REQUEST-STATUS", "VALARM"},
}


def accepted(document: Document) -> Document:
    text = re.sub(r"ATTENDEE(?=:mailto:bob)", "ATTENDEE;PARTSTAT=ACCEPTED", document.text)
    assert text != document.text
    return parse(text.encode())


LOUD = single("ann, bob", lines=["REQUEST-STATUS:2.0;Success"], alarms=[valarm()], summary=None)
ZONED = daily(on(6, "ann, bob", hour=11), start="Europe/Berlin:20260105T100000", duration="PT1H")
SENT = {
    "a meeting": (None, LOUD, None),
    "an update": (LOUD, single("ann, bob", summary="Other"), None),
    "a series": (None, daily(on(6, "ann, bob, cid"), on(7, "cid")), None),
    "a series in a zone": (None, ZONED, None),
    "a task": (None, task("bob", alarms=[valarm()], summary=None), None),
    "an end": (LOUD, None, None),
    "the end of a series": (daily(on(6, "ann, bob, cid")), None, None),
    "the end of a day": (daily(), daily(exdate=["20260107T090000Z"]), None),
    "the end of a task": (task("bob", alarms=[valarm()]), None, None),
    "somebody less": (single("ann, bob, cid"), single("ann, bob"), None),
    "an answer": (LOUD, accepted(LOUD), BOB),
    "an answer about days": (ZONED, accepted(ZONED), BOB),
    "an answer about a task": (task("bob"), accepted(task("bob")), BOB),
    "a farewell": (daily(), None, BOB),
}


@pytest.mark.rfc("5546 3", "5546 3.1", "5546 3.1.1", "5546 3.1.2", "5546 3.2", "5546 3.4")
@pytest.mark.rfc("5546 3.2.2", "5546 3.2.3", "5546 3.2.5", "5546 3.4.2", "5546 3.4.3", "5546 3.4.5")
@pytest.mark.parametrize(("old", "new", "who"), SENT.values(), ids=SENT)
def test_what_is_sent_has_what_its_table_asks_for(
    old: Document | None, new: Document | None, who: frozenset[str] | None
):
    made = planned(old, new, *([] if who is None else [who])).messages

    assert made
    for one in made:
        _check(one)


def _check(of: Message) -> None:
    (top,) = read(of.text)
    assert [line.name for line in top.lines].count("METHOD") == 1
    assert value(top, "METHOD") == of.method
    assert (value(top, "VERSION"), value(top, "PRODID") != "") == ("2.0", True)
    described = {value(zone, "TZID") for zone in top.components if zone.name == "VTIMEZONE"}
    for component in components(of.text):
        names = [line.name for line in component.lines]
        inner = {one.name for one in component.components}
        needed = ONCE[of.method, component.name]
        assert {name: names.count(name) for name in needed} == dict.fromkeys(needed, 1)
        assert NEVER[of.method].isdisjoint({*names, *inner})
        assert value(component, "UID") == of.uid
        used = {tzid for line in component.lines if (tzid := parameter(line, "TZID"))}
        assert used <= described


@pytest.mark.rfc("5546 3.2.5")
def test_status_says_whether_all_is_cancelled_or_somebody_uninvited():
    all_, one = (
        planned(single("ann, bob, cid"), new).messages for new in (None, single("ann, bob"))
    )

    assert [value(components(m.text)[0], "STATUS") for m in all_] == ["CANCELLED"] * 2
    gone = [m for m in one if m.method == "CANCEL"]
    assert [m.recipient for m in gone] == ["mailto:cid@example.com"]
    assert value(components(gone[0].text)[0], "STATUS") == ""


@pytest.mark.rfc("5546 3.2.5")
def test_a_cancellation_names_who_is_uninvited_and_counts_up():
    (gone,) = planned(single("ann, bob, cid", sequence=3), None).messages[:1]
    (component,) = components(gone.text)

    found = {line.value for line in component.all("ATTENDEE")}
    assert found >= {gone.recipient}
    assert int(value(component, "SEQUENCE")) == 4


@pytest.mark.rfc("5546 2.1", "5546 2.1.3", "5546 3.2.2.5")
@pytest.mark.parametrize("who", ["ORGANIZER", "ATTENDEE"])
def test_who_acts_on_behalf_of_somebody_is_told_on(who: str):
    text = single("ann, bob").text
    sent = re.sub(rf"{who}(?=:mailto:ann)", f'{who};SENT-BY="mailto:eve@example.com"', text)

    made = planned(None, parse(sent.encode())).messages

    found = components(made[0].text)[0].first(who)
    assert found is not None
    assert parameter(found, "SENT-BY") == "mailto:eve@example.com"
    assert {one.sender for one in made} == {"mailto:ann@example.com"}


@pytest.mark.rfc("5546 2.1.1", "5546 2.1.2")
def test_the_state_of_an_attendee_is_what_the_organizer_was_told():
    mine = organized()
    for at, said_ in ((1, "TENTATIVE"), (3, "ACCEPTED"), (2, "DECLINED")):
        mine = got(mine, reply(answer(f"bob={said_}", at=at)), "ann").text or mine

    assert answers(mine)[""] == ["ann=ACCEPTED", "bob=ACCEPTED", "cid"]


@pytest.mark.rfc("5546 2.1.5", "5546 3.2.2.2")
def test_a_reconfirmation_has_the_same_sequence_and_a_later_stamp():
    old = having(request(sequence=2, at=1))

    newer = got(old, request(sequence=2, at=2, summary="Talk"))
    older = got(old, request(sequence=2, at=0, summary="Talk"))

    assert "SUMMARY:Talk" in (newer.text or "")
    assert (older.text, older.ignored) == (None, Ignored.STALE)


@pytest.mark.rfc("5546 3.2.2.1", "5546 3.4.2.1")
def test_a_rescheduled_event_and_task_have_a_higher_sequence():
    later = single(sequence=1, start="20260106T090000Z", duration="PT1H")
    event = planned(single(sequence=1), later)
    tasks = [task("bob", due=f"2026010{day}T090000Z") for day in (5, 6)]

    assert [one.sequence for one in event.messages] == [2]
    assert [one.sequence for one in planned(*tasks).messages] == [1]


@pytest.mark.rfc("5546 3.2.2.4", "5546 6.1.3")
def test_another_organizer_takes_nothing_over():
    old = having(request())
    other = request(sequence=5, at=9).replace("ORGANIZER:mailto:ann", "ORGANIZER:mailto:cid")

    outcome = got(old, other)

    assert outcome == Outcome(inbox=True, ignored=Ignored.ORGANIZER)


@pytest.mark.rfc("5546 3.2.2.6", "5546 3.4.2.4")
def test_a_forwarded_request_makes_nobody_an_attendee():
    forwarded = got(None, request(), "dan")
    crashing = got(organized(), reply(answer("dan=ACCEPTED", at=3)), "ann")

    assert forwarded == Outcome(inbox=True, ignored=Ignored.UNINVITED)
    assert crashing == Outcome(inbox=True, ignored=Ignored.STRANGER)


@pytest.mark.rfc("5546 3.2.2.7", "5546 3.4.2.5")
def test_what_another_answered_asks_nobody_again():
    old = having(request())

    outcome = got(old, request(at=4, people=("ann=ACCEPTED", "bob", "cid=ACCEPTED")))

    assert (outcome.keeps_tag, outcome.inbox) == (True, False)
    assert answers(outcome.text)[""] == ["ann=ACCEPTED", "bob", "cid=ACCEPTED"]


@pytest.mark.rfc("5546 3.1.3")
def test_alarms_are_the_recipient_s_own():
    text = having(request(alarms=[valarm()]))

    assert "VALARM" not in text


TASK_LINES: Final = ("ORGANIZER:mailto:ann@example.com", *map(person, PEOPLE))


def assigned(*lines: str, method: str = "", at: int = 0, **fields: object) -> str:
    """A task that ann gives to bob and cid; a message about it, if there is a method."""
    text = vtodo(uid="m", lines=[*TASK_LINES, *lines], **fields)  # type: ignore[arg-type]
    text = text.replace("DTSTAMP:20260101T000000Z", f"DTSTAMP:20260102T00{at:02}00Z")
    return calendar(text, lines=[f"METHOD:{method}"] if method else [])


WEEKLY: Final = {"start": "20260105T090000Z", "rrule": "FREQ=WEEKLY;COUNT=4"}


class TestTasks:
    @pytest.mark.rfc("5546 3.4.2", "5546 3.4.2.2")
    def test_a_request_is_taken_and_updated(self):
        first = got(None, assigned(method="REQUEST"))
        second = got(first.text, assigned(method="REQUEST", at=2, summary="Other"))

        assert "SUMMARY:Task" in (first.text or "")
        assert "SUMMARY:Other" in (second.text or "")

    @pytest.mark.rfc("5546 3.4.2.3")
    def test_a_task_is_delegated(self):
        mine = task("bob")
        line = 'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.com":mailto:bob'
        text = mine.text.replace("ATTENDEE:mailto:bob", line)
        dan = 'ATTENDEE;DELEGATED-FROM="mailto:bob@example.com":mailto:dan@example.com\r\n'

        made = planned(mine, parse(text.replace("END:VTODO", dan + "END:VTODO").encode()), BOB)

        (one,) = made.messages
        assert one.method == "REPLY"
        assert 'DELEGATED-TO="mailto:dan@example.com"' in one.text.replace("\r\n ", "")

    @pytest.mark.rfc("5546 3.4.4")
    def test_an_instance_is_added_or_the_whole_asked_for(self):
        old = assigned(**WEEKLY)
        new = assigned("SEQUENCE:1", method="ADD", at=3, start="20260107T090000Z")

        added, unknown = got(old, new), got(None, new)

        assert "RDATE:20260107T090000Z" in (added.text or "")
        assert unknown == Outcome(answer="REFRESH", ignored=Ignored.UNKNOWN)

    @pytest.mark.rfc("5546 3.4.5")
    def test_a_cancelled_task_stays_as_cancelled(self):
        outcome = got(assigned(), assigned("SEQUENCE:1", method="CANCEL", at=3))

        assert "STATUS:CANCELLED" in (outcome.text or "")

    @pytest.mark.rfc("5546 3.4.6")
    def test_who_is_asked_is_told_all_again(self):
        outcome = got(assigned(), assigned(method="REFRESH", at=3), "ann")

        assert outcome == Outcome(answer="REQUEST")

    @pytest.mark.rfc("5546 3.4.7", "5546 3.4.8")
    @pytest.mark.parametrize(("method", "who"), [("COUNTER", "ann"), ("DECLINECOUNTER", "bob")])
    def test_a_proposal_and_its_refusal_are_for_people_to_see(self, method: str, who: str):
        outcome = got(assigned(), assigned(method=method, at=3), who)

        assert outcome == Outcome(inbox=True)

    @pytest.mark.rfc("5546 3.4.1")
    def test_what_is_published_changes_nothing(self):
        outcome = got(None, assigned(method="PUBLISH"))

        assert outcome == Outcome(inbox=True, ignored=Ignored.PUBLISHED)


@pytest.mark.rfc("5546 3.2.1", "5546 4.1.2", "5546 4.1.3")
def test_what_is_published_or_taken_back_changes_no_calendar():
    first = got(None, message("PUBLISH", told()))
    changed = got(None, message("PUBLISH", told(sequence=1, at=2)))
    gone = got(None, cancel(told(sequence=2, at=3)))

    assert [first, changed] == [Outcome(inbox=True, ignored=Ignored.PUBLISHED)] * 2
    assert gone == Outcome(ignored=Ignored.UNKNOWN)


@pytest.mark.rfc("5546 3.5.1", "5546 3.5.2", "5546 3.5.3", "5546 4.6", "5546 3.3.1", "5546 4.3.1")
@pytest.mark.parametrize("method", ["PUBLISH", "ADD", "CANCEL", "REQUEST"])
@pytest.mark.parametrize("name", ["VJOURNAL", "VFREEBUSY"])
def test_journals_and_busy_time_are_no_messages_to_calendars(method: str, name: str):
    text = message(method, told()).replace("VEVENT", name)

    with pytest.raises(Refused) as refused:
        receive(None, reread(text), method, me("bob"), NOW)

    assert refused.value.condition is VALID_SCHEDULING_MESSAGE


@pytest.mark.rfc("5546 3.2", "5546 3.7.3")
@pytest.mark.parametrize("method", ["X-NEW", "FOO", "", "REQUEST, CANCEL"])
def test_a_method_that_is_none_is_refused(method: str):
    with pytest.raises(Refused) as refused:
        read_message(message(method, told()).encode())

    assert refused.value.condition is VALID_SCHEDULING_MESSAGE


MALFORMED = {
    "no stamp": re.sub(r"DTSTAMP:.*\r\n", "", request()),
    "no organizer": re.sub(r"ORGANIZER:.*\r\n", "", request()),
    "no start": re.sub(r"DTSTART:.*\r\n", "", request(rrule=None)),
    "two organizers": request(told(day=6).replace("ORGANIZER:mailto:ann", "ORGANIZER:mailto:bob")),
    "an instance twice": request(told(day=6), told(day=6)),
    "an answer of nobody": reply(told(people=())),
    "an answer of two": reply(told(people=("bob=ACCEPTED", "cid=ACCEPTED"))),
    "an added override": message("ADD", told(day=6)),
    "two uids": message("REQUEST", told(), told(uid="other")),
    "an event and a task": message("REQUEST", told(), vtodo(uid="m", lines=TASK_LINES)),
}


@pytest.mark.rfc("5546 3.1", "5546 3.2.2", "5546 3.2.3", "5546 3.2.4", "5546 3.7.2")
@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_breaks_its_table_is_refused(text: str):
    mine = parse(organized().encode())

    def work() -> Outcome:
        document, method = read_message(text.encode())
        return receive(None if method == "REQUEST" else mine, document, method, me("bob"), NOW)

    with pytest.raises(Refused):
        work()


CODES = [
    *(f"2.{number}" for number in range(12)),
    *(f"3.{number}" for number in range(15)),
    "4.0",
    *(f"5.{number}" for number in range(4)),
]
"""Those of §3.6.1 to §3.6.32, in their order."""


@pytest.mark.rfc("5546 3.6")
@pytest.mark.rfc("5546 3.6.1", "5546 3.6.2", "5546 3.6.3", "5546 3.6.4", "5546 3.6.5")
@pytest.mark.rfc("5546 3.6.6", "5546 3.6.7", "5546 3.6.8", "5546 3.6.9", "5546 3.6.10")
@pytest.mark.rfc("5546 3.6.11", "5546 3.6.12", "5546 3.6.13", "5546 3.6.14", "5546 3.6.15")
@pytest.mark.rfc("5546 3.6.16", "5546 3.6.17", "5546 3.6.18", "5546 3.6.19", "5546 3.6.20")
@pytest.mark.rfc("5546 3.6.21", "5546 3.6.22", "5546 3.6.23", "5546 3.6.24", "5546 3.6.25")
@pytest.mark.rfc("5546 3.6.26", "5546 3.6.27", "5546 3.6.28", "5546 3.6.29", "5546 3.6.30")
@pytest.mark.rfc("5546 3.6.31", "5546 3.6.32")
@pytest.mark.parametrize("code", CODES)
def test_each_status_of_an_answer_is_kept_for_the_organizer(code: str):
    text = reply(answer("bob=ACCEPTED", at=3, lines=[f"REQUEST-STATUS:{code};Whatever;DTSTART:x"]))

    outcome = got(organized(), text, "ann")

    line = next(
        line
        for component in components(outcome.text or "")
        for line in component.all("ATTENDEE")
        if "bob" in line.value
    )
    assert (parameter(line, "SCHEDULE-STATUS"), outcome.inbox) == (code, True)


@pytest.mark.rfc("5546 3.7", "5546 3.7.1")
def test_an_instance_is_named_by_its_first_time_wherever_it_is_moved():
    moved = request(told(day=6, start="20260106T150000Z"))

    outcome = got(having(moved), cancel(told(day=6, sequence=1, at=5)))

    assert "EXDATE:20260106T090000Z" in (outcome.text or "")
    assert "20260106T150000Z" not in (outcome.text or "")


@pytest.mark.rfc("5546 3.7.2")
def test_a_member_of_a_group_who_answers_is_for_the_organizer_to_see():
    text = reply(answer("dan=ACCEPTED", at=3)).replace(
        "ATTENDEE;", 'ATTENDEE;CUTYPE=INDIVIDUAL;MEMBER="mailto:all@example.com";'
    )

    assert got(organized(), text, "ann") == Outcome(inbox=True, ignored=Ignored.STRANGER)


@pytest.mark.rfc("5546 3.7.3")
def test_what_is_not_known_is_kept_and_told_on_but_for_what_is_a_client_s_own():
    more = ["CONFERENCE;VALUE=URI:https://x.example/", "IANA-WORD:x", "X-MS-OLK-SENDER:y"]
    own = ["X-MINE:z"]

    made = planned(None, single(lines=[*more, *own]))
    outcome = got(None, request(lines=more))

    for text in (made.messages[0].text, outcome.text or ""):
        assert all(line in text for line in more)
    assert "X-MINE" not in made.messages[0].text


@pytest.mark.rfc("5546 5.2.2")
def test_a_delegate_nobody_heard_of_is_held_until_the_delegator_says_so():
    dan = answer("dan=ACCEPTED", at=2).replace(
        "ATTENDEE;", 'ATTENDEE;DELEGATED-FROM="mailto:bob@example.com";'
    )
    bob = answer("bob=DELEGATED", at=3).replace(
        "ATTENDEE;", 'ATTENDEE;DELEGATED-TO="mailto:dan@example.com";'
    )

    early = got(organized(), reply(dan), "ann")
    both = got(got(organized(), reply(bob), "ann").text, reply(dan), "ann")

    assert early == Outcome(inbox=True, ignored=Ignored.STRANGER)
    assert answers(both.text)[""] == ["ann=ACCEPTED", "bob=DELEGATED", "cid", "dan=ACCEPTED"]


@pytest.mark.rfc("5546 4.2.6")
def test_a_delegate_who_accepts_names_the_delegator_besides():
    delegated = reply(
        answer("bob=DELEGATED", at=2).replace(
            "ATTENDEE;", 'ATTENDEE;DELEGATED-TO="mailto:dan@example.com";'
        )
    )
    text = reply(
        told(people=("dan=ACCEPTED", "bob=DELEGATED"), at=3, summary=None)
        .replace("ACCEPTED:", 'ACCEPTED;DELEGATED-FROM="mailto:bob@example.com":')
        .replace("DELEGATED:", 'DELEGATED;DELEGATED-TO="mailto:dan@example.com":')
    )

    outcome = got(got(organized(), delegated, "ann").text, text, "ann")

    assert answers(outcome.text)[""] == ["ann=ACCEPTED", "bob=DELEGATED", "cid", "dan=ACCEPTED"]


@pytest.mark.rfc("5546 4.4.4")
def test_a_series_is_cancelled_with_its_exceptions():
    old = having(request(told(day=6, start="20260106T150000Z")))
    gone = told(sequence=3, at=5, lines=["STATUS:CANCELLED"])
    bare = re.sub(r"(DTSTART|DURATION|DTEND|SUMMARY):.*\r\n", "", gone)

    outcome = got(old, cancel(bare))

    assert said(outcome.text, "STATUS") == ["CANCELLED", "CANCELLED"]


@pytest.mark.rfc("5546 4.7.1", "5546 3.2.6")
def test_who_asks_for_an_event_again_is_told_of_all_of_it():
    text = message("REFRESH", told(at=3, people=("ann=ACCEPTED", "bob", "cid")))
    bare = re.sub(r"(DTSTART|DURATION|DTEND|SUMMARY|SEQUENCE):.*\r\n", "", text)

    assert got(organized(), bare, "ann") == Outcome(answer="REQUEST")


@pytest.mark.rfc("5546 4.1.5")
def test_what_takes_whole_days_is_asked_for_in_days():
    sent = meeting_of(part("bob", start="20260105", end="20260106", rrule="FREQ=YEARLY"))

    (made,) = planned(None, sent).messages
    text = receive(None, reread(made.text), "REQUEST", BOB, NOW).text or ""

    assert "DTSTART;VALUE=DATE:20260105\r\n" in made.text
    assert "DTSTART;VALUE=DATE:20260105\r\n" in text
