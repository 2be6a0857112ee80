"""What an older copy of a meeting does not take away (RFC 6638 §3.2.10.1)."""

from __future__ import annotations

import pytest

from caldavd.ical.parse import Document, parse
from tests.unit.itip.meetings import answers, daily, on, partstats, planned, sent, single, stored

ANSWERED = daily(on(6, "ann ACCEPTED, bob DECLINED"))
TO_CID = 'bob;DELEGATED-TO="mailto:cid@example.com" DELEGATED'
FROM_BOB = 'cid;DELEGATED-FROM="mailto:bob@example.com"'


def after(old: Document, new: Document) -> list[dict[str, str]]:
    """Who says what in each part of what is stored."""
    return partstats(stored(planned(old, new), new))


@pytest.mark.rfc("6638 3.2.10.1")
def test_an_override_that_says_nothing_but_answers_is_put_back():
    new = daily(summary="Talk")

    assert after(ANSWERED, new) == [
        {"ann": "ACCEPTED", "bob": ""},
        {"ann": "ACCEPTED", "bob": "DECLINED"},
    ]
    assert stored(planned(ANSWERED, new), new).count("SUMMARY:Talk") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ANSWERED, daily(exdate=["20260106T090000Z"])),
        (ANSWERED, daily(rrule="FREQ=DAILY;COUNT=1")),
        (ANSWERED, daily(start="20260105T100000Z", end="20260105T110000Z")),
        (ANSWERED, single("ann ACCEPTED, bob")),
        (daily(on(6, "ann ACCEPTED, bob DECLINED", summary="Other")), daily()),
        (daily(on(6, "ann ACCEPTED, bob DECLINED, cid")), daily()),
        (daily(on(6, "ann ACCEPTED, bob")), daily()),
    ],
)
def test_an_override_that_is_gone_or_was_the_organizer_s_work_is_not(old: Document, new: Document):
    assert len(after(old, new)) == 1


@pytest.mark.rfc("6638 3.2.10.1", "5546 2.1.2")
def test_a_delegate_whom_the_client_does_not_know_of_stays():
    old = single(f"ann ACCEPTED, {TO_CID}, {FROM_BOB} ACCEPTED")
    new = single("ann ACCEPTED, bob", summary="Talk")

    assert after(old, new) == [{"ann": "ACCEPTED", "bob": "DELEGATED", "cid": "ACCEPTED"}]
    assert sent(planned(old, new)) == ["REQUEST bob: series", "REQUEST cid: series"]


def test_a_delegate_whom_the_organizer_takes_out_is_cancelled():
    old = single(f"ann ACCEPTED, {TO_CID}, {FROM_BOB} ACCEPTED")
    new = single(f"ann ACCEPTED, {TO_CID}")

    assert "CANCEL cid: series" in sent(planned(old, new))


def test_an_attendee_s_own_answer_goes_with_the_override_that_the_attendee_takes_away():
    bob = frozenset({"mailto:bob@example.com"})
    new = parse(daily().text.encode())

    made = planned(ANSWERED, new, bob)

    assert {one["bob"] for one in partstats(stored(made, new))} == {""}
    assert set(answers(made).values()) == {"NEEDS-ACTION"}
