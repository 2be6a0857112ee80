"""SCHEDULE-STATUS in stored texts (RFC 6638 §7.3)."""

from __future__ import annotations

import pytest

from caldavd.itip.plan import with_statuses
from tests.unit.itip.meetings import daily, on, single

pytestmark = pytest.mark.rfc("6638 7.3")


def test_a_status_stands_with_each_attendee_that_it_is_of():
    old = daily(on(6, "ann, bob, cid"), asked="ann, bob;SCHEDULE-STATUS=1.0 ACCEPTED")
    new = daily(
        on(6, "ann, bob;SCHEDULE-STATUS=1.2, cid;SCHEDULE-STATUS=3.7"),
        asked="ann, bob;SCHEDULE-STATUS=1.2 ACCEPTED",
    )

    text = with_statuses(
        old.text, {"mailto:bob@example.com": "1.2", "mailto:cid@example.com": "3.7"}
    )

    assert text == new.text


def test_the_status_of_the_organizer_stands_with_organizer_alone():
    text = with_statuses(single("ann, bob").text, {"mailto:ann@example.com": "1.2"})

    assert text == single("ann, bob", organizer="ann;SCHEDULE-STATUS=1.2").text


def test_several_codes_are_quoted():
    text = with_statuses(single("bob").text, {"mailto:bob@example.com": "2.0,2.4"})

    assert text == single("bob").text.replace("ATTENDEE:", 'ATTENDEE;SCHEDULE-STATUS="2.0,2.4":')


def test_a_text_without_them_stays_as_it_is():
    text = single("ann, bob").text.replace("\r\n", "\n")

    assert with_statuses(text, {"mailto:eve@example.com": "1.2"}) is text


def test_a_status_takes_the_place_of_that_one_alone():
    old = single("ann, bob;SCHEDULE-STATUS=5.1, cid;SCHEDULE-STATUS=3.7, eve")
    new = single("ann, bob;SCHEDULE-STATUS=1.2, cid;SCHEDULE-STATUS=3.7, eve")
    everybody = {f"mailto:{name}@example.com": "1.2" for name in ("ann", "bob", "cid", "eve")}

    assert with_statuses(old.text, everybody, "5.1") == new.text
