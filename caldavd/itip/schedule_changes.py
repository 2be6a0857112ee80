"""CS:schedule-changes: what a message did to its recipient's object (caldav-schedulingchanges §4).

The whole element, as it is stored with the message. Its text calls the element of an instance
CS:recurrence-id in examples, and CS:recurrenceid where it defines it: the latter is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from caldavd.itip.outcome import Action, Changed, Changes, Recurrence
from caldavd.names import CS

NAME: Final = CS + "schedule-changes"
MAX_RECURRENCES: Final = 500
"""Of more instances the first are told."""

_NAMESPACE: Final = CS.strip("{}")


def element(of: Changes, at: datetime) -> str:
    """The element for what was done at an instant in UTC."""
    action = "".join(_action(of))
    name = of.action.value
    return (
        f'<CS:schedule-changes xmlns:CS="{_NAMESPACE}">'
        f"<CS:dtstamp>{at:%Y%m%dT%H%M%SZ}</CS:dtstamp>"
        f"<CS:action><CS:{name}>{action}</CS:{name}></CS:action>"
        "</CS:schedule-changes>"
    )


def _action(of: Changes) -> Iterator[str]:
    if of.action is Action.CREATE:
        return
    if of.action is Action.REPLY:
        yield f"<CS:attendee>{escape(of.attendee)}</CS:attendee>"
    for one in of.recurrences[:MAX_RECURRENCES]:
        yield from _recurrence(one, with_changes=of.action is not Action.CANCEL)


def _recurrence(of: Recurrence, *, with_changes: bool) -> Iterator[str]:
    yield "<CS:recurrence>"
    if of.instance is None:
        yield "<CS:master/>"
    else:
        yield f"<CS:recurrenceid>{escape(of.instance)}</CS:recurrenceid>"
    if with_changes:
        yield f"<CS:changes>{''.join(map(_changed, of.changed))}</CS:changes>"
    yield "</CS:recurrence>"


def _changed(of: Changed) -> str:
    inside = "".join(f"<CS:changed-parameter name={quoteattr(one)}/>" for one in of.parameters)
    return f"<CS:changed-property name={quoteattr(of.name)}>{inside}</CS:changed-property>"
