"""CANCEL and ADD, which an attendee receives (RFC 5546 §3.2.4, §3.2.5, §3.4.4, §3.4.5).

What is cancelled as a whole stays, with STATUS:CANCELLED, until its owner deletes it: most
clients show no inbox, and a meeting that is just gone is taken for an error. An instance of a
series becomes an EXDATE, as it is in the organizer's object and in any later REQUEST
(RFC 6638 §3.2.6); where the attendee has no series, the instance is a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from caldavd.ical.contentline import Component, Line
from caldavd.itip.incoming import (
    Case,
    for_me,
    names,
    range_of,
    version,
    with_lines,
    written,
    wrong_organizer,
)
from caldavd.itip.incoming_request import Made, is_older, is_older_than_series, updated
from caldavd.itip.occurrence import Instances, ending_before
from caldavd.itip.outcome import Action, Changes, Ignored, Outcome, Recurrence
from caldavd.itip.own import Version, merged
from caldavd.itip.revision import RECEIVED, received, stamp_of
from caldavd.itip.snapshot import Key, Part, copied, drop_lines, put_line, with_parameter

_CANCELLED: Final = Line("STATUS", "", "CANCELLED")


@dataclass(slots=True)
class _Work:
    """An object from which instances are taken."""

    case: Case
    made: Made
    instances: Instances
    lines: list[Line]
    """Of the master, if there is one."""


def cancelled(case: Case) -> Outcome:
    """The outcome of a CANCEL: of all, of some instances, or of one and all after it."""
    refusal = wrong_organizer(case)
    if refusal is not None:
        return Outcome(inbox=True, ignored=refusal)
    parts = [part for part in case.message.parts.values() if for_me(part, case.me)]
    if not parts:
        return Outcome(ignored=Ignored.UNINVITED)
    stored = case.stored
    made: Made = {key: part.component for key, part in stored.parts.items()}
    lines = [] if stored.master is None else list(stored.master.component.lines)
    work = _Work(case, made, Instances(stored), lines)
    gone: list[Key] = []
    ignored: Ignored | None = None
    for part in parts:
        if part.key is None or (range_of(part) and work.instances.begins_at(part.key)):
            return _cancel_all(case, part)
        found = _cancel(work, part) if stored.master else _cancel_alone(work, part)
        ignored = found if isinstance(found, Ignored) else ignored
        gone += [] if isinstance(found, Ignored) else found
    if not gone:
        return Outcome(ignored=ignored)
    if stored.master is not None:
        made[None] = _remembering(with_lines(stored.master.component, work.lines), parts)
    recurrences = tuple(Recurrence(key) for key in dict.fromkeys(gone))
    changes = Changes(Action.CANCEL, recurrences=recurrences)
    after = written(case, made.values())
    return Outcome(after.text, False, True, changes, made=after)


def _cancel_all(case: Case, part: Part) -> Outcome:
    last = case.stored.master or next(iter(case.stored.parts.values()))
    if is_older(part, received(last)):
        return Outcome(ignored=Ignored.STALE)
    recurs = case.stored.master is not None
    made = [
        _with_status(old, part, recurs and old.key is not None)
        for old in case.stored.parts.values()
    ]
    before = [old.component for old in case.stored.parts.values()]
    if made == before:
        return Outcome()
    after = written(case, made)
    return Outcome(after.text, False, True, Changes(Action.CANCEL), made=after)


def _cancel(work: _Work, part: Part) -> list[Key] | Ignored:
    """Takes an instance, or all from it on, out of a series: which, or why none."""
    key, stored = part.key, work.case.stored
    assert key is not None
    assert stored.master is not None
    old = stored.parts.get(key)
    if old is None and is_older_than_series(part, stored.master):
        return Ignored.STALE
    if old is not None and is_older(part, received(old)):
        return Ignored.STALE
    if range_of(part):
        return _end_series(work, key)
    if old is None and key in stored.master.excluded:
        return Ignored.STALE
    if old is None and work.instances.find(key) is None:
        return Ignored.NO_INSTANCE
    work.made.pop(key, None)
    if key not in stored.master.excluded:
        work.lines.append(work.instances.exdate(key))
    return [key]


def _end_series(work: _Work, key: Key) -> list[Key] | Ignored:
    start = work.case.start
    if start is None:
        return Ignored.NO_INSTANCE
    try:
        lines = ending_before(work.lines, key, work.case.stored.zones, start)
    except ValueError:
        return Ignored.NO_INSTANCE
    later = [other for other in names(work.made) if other >= key]
    if lines == work.lines and not later:
        return Ignored.STALE
    for other in later:
        del work.made[other]
    work.lines = lines
    return [key]


def _cancel_alone(work: _Work, part: Part) -> list[Key] | Ignored:
    """Cancels instances of a series that the attendee does not have: which, or why none."""
    assert part.key is not None
    both = range_of(part)
    found = [
        (key, old)
        for key, old in work.case.stored.parts.items()
        if key is not None and (key == part.key or (both and key > part.key))
    ]
    if not found:
        return Ignored.NO_INSTANCE
    gone: list[Key] = []
    for key, old in found:
        component = _with_status(old, part)
        if not is_older(part, received(old)) and component != old.component:
            work.made[key] = component
            gone.append(key)
    return gone or Ignored.STALE


def _with_status(old: Part, told: Part, is_within: bool = False) -> Component:
    """A component that is cancelled, with the organizer's words on it.

    `is_within`: it goes with its series, whose SEQUENCE is counted by itself.
    """
    component = copied(old.component)
    put_line(component, _CANCELLED)
    put_line(component, Line("SEQUENCE", "", str(max(told.sequence, old.sequence))))
    stamp = told.component.first("DTSTAMP")
    assert stamp is not None
    put_line(component, stamp)
    words = list(told.component.all("COMMENT"))
    if words:
        drop_lines(component, "COMMENT")
        component.lines += words
    remembered = component.first(RECEIVED)
    if remembered is not None:
        number = received(old).revision.sequence if is_within else told.sequence
        line = with_parameter(remembered, "SEQUENCE", str(number))
        put_line(component, line._replace(value=stamp_of(told.component)))
    return component


def _remembering(master: Component, told: Iterable[Part]) -> Component:
    """A master that remembers when instances of it were cancelled.

    Its SEQUENCE stays: that of an instance may be counted by itself.
    """
    stamp = max(stamp_of(part.component) for part in told)
    lines = [
        line._replace(value=max(stamp, line.value)) if line.name == RECEIVED else line
        for line in master.lines
    ]
    return with_lines(master, lines)


def added(case: Case) -> Outcome:
    """The outcome of an ADD: each component is an RDATE of the series, described by an override."""
    refusal = wrong_organizer(case)
    if refusal is not None:
        return Outcome(inbox=True, ignored=refusal)
    master = case.stored.master
    if master is None or case.start is None:
        return Outcome(inbox=True, answer="REFRESH", ignored=Ignored.NO_INSTANCE)
    [part] = case.message.parts.values()
    if not for_me(part, case.me):
        return Outcome(inbox=True, ignored=Ignored.UNINVITED)
    if is_older(part, received(master)):
        return Outcome(ignored=Ignored.STALE)
    made: Made = {key: part.component for key, part in case.stored.parts.items()}
    instance = _as_instance(case, part)
    if instance.key in made:
        return Outcome()
    assert instance.key is not None
    made[None] = _with_date(master, instance, Instances(case.stored).find(instance.key) is None)
    series = Version(master, case.stored.zones)
    made[instance.key] = merged(Version(instance, case.message.zones), series, case.me)
    return updated(case, made, frozenset({instance.key}))


def _as_instance(case: Case, part: Part) -> Part:
    """The component of an ADD as the override of the instance that it adds."""
    start = part.component.first("DTSTART") or part.component.first("DUE")
    assert start is not None
    lines = [Line("RECURRENCE-ID", start.parameter_text, start.value), *part.component.lines]
    component = Component(part.component.name, lines, part.component.components)
    return replace(version(case, component), sequence=part.sequence)


def _with_date(master: Part, instance: Part, is_new: bool) -> Component:
    """A series with one more instance, of the revision that added it."""
    component = copied(master.component)
    line = instance.component.first("RECURRENCE-ID")
    stamp = instance.component.first("DTSTAMP")
    assert line is not None
    assert stamp is not None
    if is_new:
        component.lines.append(Line("RDATE", line.parameter_text, line.value))
    put_line(component, Line("SEQUENCE", "", str(instance.sequence)))
    put_line(component, stamp)
    remembered = component.first(RECEIVED)
    if remembered is not None:
        told = with_parameter(remembered, "SEQUENCE", str(instance.sequence))
        put_line(component, told._replace(value=stamp_of(instance.component)))
    return component
