"""Whose meeting an object is, and what becomes of it when that changes (RFC 6638 §3.1, §3.2.3)."""

from __future__ import annotations

import pytest

from caldavd.errors import (
    ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE,
    ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
    SAME_ORGANIZER_IN_ALL_COMPONENTS,
    Condition,
    Refused,
)
from caldavd.ical.parse import Document, parse
from caldavd.itip.address import Addresses
from caldavd.itip.message import Plan
from caldavd.itip.snapshot import Role
from tests.unit.builders import calendar, event, vevent, vjournal
from tests.unit.itip.meetings import (
    ANN,
    BOB,
    CID,
    answers,
    daily,
    meeting_of,
    on,
    people,
    planned,
    sent,
    single,
    stored,
    task,
)

PLAIN = parse(event().encode())
ASKED = single("ann, bob")


@pytest.mark.rfc("6638 3.1")
@pytest.mark.parametrize(
    ("document", "me", "role"),
    [
        (ASKED, ANN, Role.ORGANIZER),
        (ASKED, BOB, Role.ATTENDEE),
        (ASKED, CID, Role.NONE),
        (ASKED, frozenset(), Role.NONE),
        (single("", organizer="ann"), ANN, Role.ORGANIZER),
        (single("bob", organizer="ann;CN=Ann"), ANN | CID, Role.ORGANIZER),
        (daily(on(6, "ann, cid"), asked="ann, bob"), CID, Role.ATTENDEE),
        (task("bob"), BOB, Role.ATTENDEE),
        (PLAIN, ANN, Role.NONE),
        (parse(event(attendees=["ann", "bob"]).encode()), ANN, Role.NONE),
    ],
)
def test_whose_a_meeting_is(document: Document, me: Addresses, role: Role):
    assert planned(None, document, me).kind is role


@pytest.mark.rfc("5546 3.5")
def test_nobody_is_asked_to_a_journal_entry():
    text = calendar(vjournal().replace("SUMMARY", "\r\n".join([*people("bob"), "SUMMARY"])))

    assert planned(None, parse(text.encode())) == Plan(Role.NONE)


def test_a_meeting_without_people_is_nobody_s():
    assert planned(PLAIN, PLAIN) == planned(None, PLAIN) == planned(PLAIN, None) == Plan(Role.NONE)


@pytest.mark.parametrize("me", [ANN, BOB, CID])
@pytest.mark.parametrize(
    "document",
    [
        daily(on(6, "ann, cid ACCEPTED", lines=["STATUS:CANCELLED"]), on(7), exdate=["20260109"]),
        single("ann ACCEPTED, bob X-ODD, cid;SCHEDULE-AGENT=NONE TENTATIVE", sequence=3),
        meeting_of(on(6), on(7, "ann, cid")),
        task("bob ACCEPTED", due="20260105", lines=["COMMENT:a"]),
    ],
)
def test_what_is_stored_again_sends_nothing_and_stays(document: Document, me: Addresses):
    made = planned(document, document, me)

    assert (made.messages, made.text) == ((), None)


@pytest.mark.rfc("6638 3.2.3.1")
def test_a_plain_event_becomes_a_meeting():
    made = planned(PLAIN, ASKED)

    assert (made.kind, sent(made)) == (Role.ORGANIZER, ["REQUEST bob: series"])


@pytest.mark.rfc("6638 3.2.3.1")
def test_a_meeting_becomes_a_plain_event():
    made = planned(ASKED, PLAIN)

    assert (made.kind, sent(made)) == (Role.NONE, ["CANCEL bob: series!"])


@pytest.mark.rfc("6638 3.2.3.1")
def test_one_meeting_in_the_place_of_another_takes_that_back():
    other = parse(event(uid="2", organizer="ann", attendees=["cid"]).encode())

    made = planned(ASKED, other)

    assert sent(made) == ["CANCEL bob: series!", "REQUEST cid: series"]
    assert [one.uid for one in made.messages] == ["1@example.com", "2"]


@pytest.mark.rfc("6638 3.2.4.2")
@pytest.mark.parametrize("me", [ANN, BOB])
def test_a_meeting_has_one_organizer(me: Addresses):
    with pytest.raises(Refused) as raised:
        planned(None, daily(on(6, organizer="cid")), me)

    assert raised.value.condition == SAME_ORGANIZER_IN_ALL_COMPONENTS


def test_a_meeting_of_others_may_be_what_it_is():
    assert planned(None, daily(on(6, organizer="cid")), frozenset()) == Plan(Role.NONE)


def test_an_organizer_is_the_same_in_any_spelling():
    override = on(6).replace("ORGANIZER:mailto:ann@example.com", "ORGANIZER:MAILTO:Ann@Example.com")

    assert sent(planned(None, daily(override))) == ["REQUEST bob: series 20260106"]


@pytest.mark.rfc("6638 3.2.4.2")
def test_an_override_needs_no_organizer_of_its_own():
    made = planned(
        None,
        daily(
            vevent(
                recurrence_id="20260106T090000Z",
                attendees=["bob"],
                start="20260106T090000Z",
                end="20260106T100000Z",
            )
        ),
    )

    assert sent(made) == ["REQUEST bob: series 20260106"]
    assert made.messages[0].text.count("ORGANIZER:mailto:ann@example.com") == 2


@pytest.mark.rfc("6638 3.2.4.3")
@pytest.mark.rfc("6638 3.2.4.4")
@pytest.mark.parametrize(
    ("me", "old", "new", "condition"),
    [
        (ANN, "ann", "bob", ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE),
        (ANN, "ann", "cid", ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE),
        (BOB, "ann", "bob", ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE),
        (BOB, "ann", "cid", ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE),
    ],
)
def test_a_meeting_keeps_its_organizer(me: Addresses, old: str, new: str, condition: Condition):
    with pytest.raises(Refused) as raised:
        planned(single("ann, bob", organizer=old), single("ann, bob", organizer=new), me)

    assert raised.value.condition == condition


def test_an_organizer_may_write_another_of_the_own_addresses():
    made = planned(single("bob"), single("bob", organizer="cid", summary="Other"), ANN | CID)

    assert [(one.sender, one.method) for one in made.messages] == [
        ("mailto:cid@example.com", "REQUEST")
    ]


def test_an_attendee_s_client_may_leave_it_to_the_server():
    old = single("ann, bob", organizer="ann;SCHEDULE-AGENT=CLIENT")

    made = planned(old, single("ann, bob ACCEPTED", summary="Newer"), BOB)

    assert answers(made) == {"series": "ACCEPTED"}


def test_what_is_rewritten_is_stored_as_it_was_sent_but_for_that():
    new = daily(on(6, lines=["X-ANY;P=1:a"]), asked="bob;SCHEDULE-FORCE-SEND=REQUEST, cid")

    made = planned(None, new)

    assert stored(made, new) == new.text.replace(";SCHEDULE-FORCE-SEND=REQUEST", "")
