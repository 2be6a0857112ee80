"""The worked examples of RFC 5546 §4, as transcripts."""

from __future__ import annotations

import pytest

from tests.itip_transcripts import play

TRANSCRIPTS = [
    pytest.param("4.1.1-published.txt", marks=pytest.mark.rfc("5546 4.1.1")),
    pytest.param("4.1.4-published-rich.txt", marks=pytest.mark.rfc("5546 4.1.4")),
    pytest.param("4.2.1-request.txt", marks=pytest.mark.rfc("5546 4.2.1")),
    pytest.param("4.2.2-reply.txt", marks=pytest.mark.rfc("5546 4.2.2")),
    pytest.param("4.2.3-update.txt", marks=pytest.mark.rfc("5546 4.2.3")),
    pytest.param("4.2.4-counter.txt", marks=pytest.mark.rfc("5546 4.2.4")),
    pytest.param("4.2.4-declinecounter.txt", marks=pytest.mark.rfc("5546 4.2.4")),
    pytest.param("4.2.5-delegate.txt", marks=pytest.mark.rfc("5546 4.2.5")),
    pytest.param("4.2.7-delegate-declines.txt", marks=pytest.mark.rfc("5546 4.2.7")),
    pytest.param("4.2.8-party-crasher.txt", marks=pytest.mark.rfc("5546 4.2.8")),
    pytest.param("4.2.9-cancel.txt", marks=pytest.mark.rfc("5546 4.2.9")),
    pytest.param("4.2.10-remove-attendee.txt", marks=pytest.mark.rfc("5546 4.2.10")),
    pytest.param("4.2.11-other-organizer.txt", marks=pytest.mark.rfc("5546 4.2.11")),
    pytest.param("4.4.1-time-zones.txt", marks=pytest.mark.rfc("5546 4.4.1")),
    pytest.param("4.4.2-modify-instance.txt", marks=pytest.mark.rfc("5546 4.4.2")),
    pytest.param("4.4.3-cancel-instance.txt", marks=pytest.mark.rfc("5546 4.4.3")),
    pytest.param("4.4.5-all-future.txt", marks=pytest.mark.rfc("5546 4.4.5")),
    pytest.param("4.4.5-cancel-future.txt", marks=pytest.mark.rfc("5546 3.2.5")),
    pytest.param("4.4.6-add.txt", marks=pytest.mark.rfc("5546 4.4.6")),
    pytest.param("4.4.7-new-rule.txt", marks=pytest.mark.rfc("5546 4.4.7")),
    pytest.param("4.4.8-refresh.txt", marks=pytest.mark.rfc("5546 4.4.8")),
    pytest.param("4.4.9-counter-instance.txt", marks=pytest.mark.rfc("5546 4.4.9")),
    pytest.param("4.4.10-error-reply.txt", marks=pytest.mark.rfc("5546 4.4.10")),
    pytest.param(
        "4.5.2-todo.txt",
        marks=pytest.mark.rfc("5546 4.5.1", "5546 4.5.2", "5546 4.5.3", "5546 4.5.4", "5546 4.5.5"),
    ),
    pytest.param("4.5.6-todo-update.txt", marks=pytest.mark.rfc("5546 4.5.6")),
    pytest.param(
        "4.5.7-recurring-todo.txt",
        marks=pytest.mark.rfc("5546 4.5.7", "5546 4.5.7.1", "5546 4.5.7.2"),
    ),
    pytest.param("4.7.2-bad-recurrence-id.txt", marks=pytest.mark.rfc("5546 4.7.2")),
]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_calendars_become_what_the_transcript_says(name: str) -> None:
    compared = list(play(name))

    assert compared
    for where, there, said in compared:
        assert (where, there) == (where, said)
