"""Messages from elsewhere: what is made of what other programs write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caldavd.ical.parse import stored
from caldavd.itip.outside import understood
from tests.unit.itip.messages import message, part

AT = datetime(2026, 1, 2, 8, 30, tzinfo=UTC)


def stamped(stamp: str, method: str = "REPLY", *lines: str) -> str:
    """A message of then."""
    text = message(method, part(people=["cid=ACCEPTED"], lines=list(lines)))
    (old,) = {line for line in text.split("\r\n") if line.startswith("DTSTAMP")}
    return text.replace(old, f"DTSTAMP:{stamp}")


@pytest.mark.rfc("5546 2.1.5")
@pytest.mark.parametrize(
    ("stamp", "made"),
    [
        ("20260102T083000Z", "20260102T083000Z"),
        ("20260103T083000Z", "20260103T083000Z"),
        ("20260103T083001Z", "20260102T083000Z"),
        ("20991231T000000Z", "20260102T083000Z"),
        ("20260101", "20260102T083000Z"),
        ("99", "20260102T083000Z"),
        ("19970714T170000Z", "19970714T170000Z"),
    ],
)
@pytest.mark.parametrize("method", ["REPLY", "REQUEST"])
def test_nothing_was_written_a_day_after_it_came(method: str, stamp: str, made: str) -> None:
    text = stamped(stamp, method)

    assert understood(stored(text), method, AT).text == stamped(made, method)


def test_what_is_as_ours_is_left_as_it_is() -> None:
    document = stored(stamped("20260101T000000Z", "REPLY", "COMMENT:Yes"))

    assert understood(document, "REPLY", AT) is document


@pytest.mark.parametrize(
    ("lines", "comments"),
    [([], ["Bring\\, please\\, a cake"]), (["COMMENT:Mine"], ["Mine"])],
)
def test_what_google_has_in_a_parameter_is_a_comment(lines: list[str], comments: list[str]) -> None:
    text = stamped("20260101T000000Z", "REPLY", *lines)
    said = ';X-RESPONSE-COMMENT="Bring, please, a cake":mailto:cid'
    text = text.replace(":mailto:cid", said)

    made = understood(stored(text), "REPLY", AT)

    (component,) = made.components
    assert [line.value for line in component.all("COMMENT")] == comments
