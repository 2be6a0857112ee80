"""Whether a rule was only cut short (RFC 6638 §3.2.8)."""

from __future__ import annotations

import pytest

from caldavd.itip.shortened import shortened
from tests.unit.itip.meetings import daily

pytestmark = pytest.mark.rfc("6638 3.2.8")


@pytest.mark.parametrize(
    ("before", "after", "cut"),
    [
        ("FREQ=DAILY", "FREQ=DAILY;COUNT=3", True),
        ("FREQ=DAILY", "FREQ=DAILY;UNTIL=20260110T090000Z", True),
        ("FREQ=DAILY", None, True),
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY;COUNT=4;INTERVAL=1", True),
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY;UNTIL=20260110T090000Z", True),
        ("FREQ=DAILY;UNTIL=20260120", "FREQ=DAILY;UNTIL=20260110T090000Z", True),
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY;COUNT=11", False),
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY", False),
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY;UNTIL=20260115T090000Z", False),
        ("FREQ=DAILY;COUNT=2000", "FREQ=DAILY;UNTIL=20260110T090000Z", False),
        ("FREQ=DAILY;UNTIL=20260110", "FREQ=DAILY;UNTIL=20260111", False),
        ("FREQ=DAILY;UNTIL=20260110", "FREQ=DAILY", False),
        ("FREQ=DAILY;UNTIL=20260110", "FREQ=DAILY;COUNT=2", False),
        ("FREQ=DAILY;COUNT=10", "FREQ=WEEKLY;COUNT=2", False),
        (None, "FREQ=DAILY;COUNT=2", False),
    ],
)
def test_a_rule_is_cut_short_if_it_gives_nothing_new(
    before: str | None, after: str | None, cut: bool
):
    old, new = daily(rrule=before), daily(rrule=after)

    assert shortened(old.components[0], new.components[0], {}) is cut
