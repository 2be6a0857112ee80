"""A REQUEST that an attendee receives (RFC 5546 §3.2.2, §3.4.2, RFC 6638 §4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from caldavd.ical.contentline import Component, Line
from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.compare import partstat
from caldavd.itip.difference import difference
from caldavd.itip.incoming import (
    Case,
    document_of,
    for_me,
    names,
    version,
    with_lines,
    written,
    wrong_organizer,
)
from caldavd.itip.message import exdate
from caldavd.itip.occurrence import Instances, including
from caldavd.itip.outcome import Action, Changes, Ignored, Outcome, Recurrence
from caldavd.itip.own import Version, has_own, is_unheard, line_of, merged, replied_at
from caldavd.itip.revision import RECEIVED, Received, received, removals, removed_line, revision
from caldavd.itip.snapshot import Key, Meeting, Part, used_zones

Made: TypeAlias = dict[Key | None, Component]
"""The components that are to stand in the object, by instance."""


def created(message: Document, of: Meeting, me: Addresses) -> Outcome:
    """The outcome of a REQUEST for what the attendee does not have."""
    parts = _asked(of, me)
    if not parts:
        return Outcome(inbox=True, ignored=Ignored.UNINVITED)
    if all(_has_declined(part, me) for part in parts.values()):
        return Outcome(ignored=Ignored.DECLINED)
    components = [merged(Version(part, of.zones), None, me) for part in parts.values()]
    lines = [line for line in message.calendar.lines if line.name != "METHOD"]
    zones = used_zones(components, of.zones)
    after = document_of(Component("VCALENDAR", lines, [*zones, *components]))
    return Outcome(after.text, False, True, Changes(Action.CREATE), made=after)


def _has_declined(part: Part, me: Addresses) -> bool:
    """Whether the organizer knows that the recipient declined: what was removed stays away."""
    line = line_of(part, me)
    return partstat(line) == "DECLINED" and bool(replied_at(line))


def requested(case: Case) -> Outcome:
    """The outcome of a REQUEST for what the attendee has."""
    refusal = wrong_organizer(case)
    if refusal is not None:
        return Outcome(inbox=True, ignored=refusal)
    parts = _asked(case.message, case.me)
    if not parts:
        return Outcome(inbox=True, ignored=Ignored.UNINVITED)
    made = _whole(case, parts) if None in parts else _instances(case, parts)
    if made is None:
        return Outcome(ignored=Ignored.STALE)
    outcome = updated(case, made)
    return replace(outcome, answer="REFRESH") if _is_orphan(case, parts) else outcome


def updated(case: Case, made: Made, added: frozenset[Key] = frozenset()) -> Outcome:
    """The outcome of an update, by what it changes; `added`: instances new to the series."""
    stored, zones = case.stored, {**case.stored.zones, **case.message.zones}
    instances = Instances(stored)
    recurrences = [Recurrence(key) for key in stored.parts if key not in made]
    inconsequential, is_same = not recurrences, not recurrences
    for key, component in made.items():
        new = version(case, component)
        old = stored.parts.get(key)
        is_same = is_same and old is not None and received(old) == received(new)
        if old is not None and old.component is component:
            continue
        if old is None and key is not None and key not in added:
            old = instances.find(key)
        if old is None:
            inconsequential = False
            recurrences.append(Recurrence(key))
            continue
        found = difference(Version(old, stored.zones), Version(new, zones), case.me)
        inconsequential = inconsequential and found.only_answers
        if found.changed:
            recurrences.append(Recurrence(key, found.changed))
    if is_same and not recurrences:
        return Outcome()
    after = written(case, made.values())
    if not recurrences:
        return Outcome(after.text, made=after)
    changes = Changes(Action.UPDATE, recurrences=tuple(recurrences))
    return Outcome(after.text, inconsequential, not inconsequential, changes, made=after)


def is_older(part: Part, last: Received) -> bool:
    """Whether a component of a message is of before what was received last."""
    now = revision(part)
    if now.sequence != last.revision.sequence:
        return now.sequence < last.revision.sequence
    return bool(last.revision.stamp) and now.stamp < last.revision.stamp


def is_reinstated(case: Case, part: Part) -> bool:
    """Whether a component is of after all was cancelled: what was deleted has come back.

    Whoever restores it may not know the SEQUENCE with which it was cancelled.
    """
    last = max(received(old).revision.stamp for old in case.stored.parts.values())
    return case.stored.is_cancelled and revision(part).stamp > last


def is_older_than_series(part: Part, master: Part) -> bool:
    """Whether a message about an instance without an override is of before the series.

    Where organizers count each instance by itself, its SEQUENCE says nothing of the series.
    """
    last, now = received(master).revision, revision(part)
    if part.key in master.excluded and last.stamp:
        return (now.stamp, now.sequence) <= (last.stamp, last.sequence)
    return now.sequence <= last.sequence and bool(last.stamp) and now.stamp < last.stamp


def _asked(of: Meeting, me: Addresses) -> dict[Key | None, Part]:
    """The parts of a message that the recipient is asked to.

    Instances of the series that it is not asked to are taken from the series (RFC 6638 §3.2.6).
    """
    parts = {key: part for key, part in of.parts.items() if for_me(part, me)}
    if all(part.attendees and me.isdisjoint(part.attendees) for part in of.parts.values()):
        return {}
    master = parts.get(None)
    others = [part for key, part in of.parts.items() if key not in parts]
    if master is not None and others:
        lines = list(master.component.lines)
        for part in others:
            line = part.component.first("RECURRENCE-ID")
            if line is not None and part.key not in master.excluded:
                lines.append(exdate(line))
        component = with_lines(master.component, lines)
        excluded = master.excluded | names(part.key for part in others)
        parts[None] = replace(master, component=component, excluded=excluded)
    return parts


def _whole(case: Case, parts: Mapping[Key | None, Part]) -> Made | None:
    """The object as a message describes all of it; None: it has a later one."""
    stored, theirs = case.stored, case.message.zones
    master, old_master = parts[None], stored.master
    is_back = is_reinstated(case, master)
    if old_master is not None and not is_back and is_older(master, received(old_master)):
        return None
    told = replace(case.message, parts=parts)
    fresh, instances = Instances(told), Instances(stored)
    removed = _still_removed(case, told, fresh)
    master = _without(master, removed, fresh)
    made: Made = {None: merged(Version(master, theirs), _mine(old_master, stored), case.me)}
    made[None].lines.extend(_remembered(old_master, removed))
    for key, part in parts.items():
        if key is None or key in removed:
            continue
        old = stored.parts.get(key)
        if old is not None and not is_back and is_older(part, received(old)):
            made[key] = old.component
            continue
        mine = old or instances.find(key) or old_master
        settled = old is None and _is_of_itself(part, parts[None], case.me)
        made[key] = merged(Version(part, theirs), _mine(mine, stored), case.me, is_settled=settled)
    series = version(case, made[None])
    for key, old in stored.parts.items():
        if key is not None and key not in made and key not in series.excluded:
            kept = _kept(case, old, (master, series), fresh)
            if kept is not None:
                made[key] = kept
    return made


def _is_of_itself(part: Part, master: Part, me: Addresses) -> bool:
    """Whether the organizer has an answer to this instance that is none to the series.

    An answer to the series that is on its way does not change it there either.
    """
    mine = line_of(part, me)
    return bool(replied_at(mine)) and mine != line_of(master, me)


def _kept(case: Case, old: Part, now: tuple[Part, Part], fresh: Instances) -> Component | None:
    """What stays of an override that the message does not have: later news, or the attendee's.

    `now` is the master, as the message says it and as it will be stored.
    """
    told, series = now
    last = received(old)
    if not last.is_own:
        return old.component if last.revision.stamp > revision(told).stamp else None
    assert old.key is not None
    base = fresh.find(old.key)
    if base is None:
        return None
    component = merged(Version(base, case.message.zones), Version(old, case.stored.zones), case.me)
    remembered = [line for line in series.component.lines if line.name == RECEIVED]
    component.lines = [
        *(line for line in component.lines if line.name != RECEIVED),
        *remembered,
    ]
    made = version(case, component)
    mine, theirs = line_of(made, case.me), line_of(base, case.me)
    return component if is_unheard(theirs, mine) or has_own(made, series, case.me) else None


def _still_removed(case: Case, told: Meeting, fresh: Instances) -> frozenset[Key]:
    """The instances that the attendee has taken out, and that the organizer still has.

    To take one out is to decline it: it stays out until the organizer, who heard of that, asks
    again, or asks for another revision of it.
    """
    old, master = case.stored.master, told.master
    if old is None or master is None or old.is_cancelled:
        return frozenset()
    known, found = removals(old), set[Key]()
    for key in old.excluded - master.excluded:
        part, last = told.parts.get(key), known.get(key)
        asked = fresh.find(key) if part is None else part
        if asked is None:
            continue
        line = line_of(asked, case.me)
        is_unheard = last is not None and (
            replied_at(line) < last.stamp and asked.sequence <= last.sequence
        )
        if partstat(line) == "DECLINED" or is_unheard:
            found.add(key)
    return frozenset(found)


def _remembered(master: Part | None, removed: frozenset[Key]) -> list[Line]:
    """The lines that remember when the attendee took these instances out."""
    if master is None:
        return []
    return [removed_line(key, of) for key, of in removals(master).items() if key in removed]


def _without(master: Part, removed: frozenset[Key], fresh: Instances) -> Part:
    """A master without these instances."""
    if not removed:
        return master
    lines = list(master.component.lines)
    lines += [fresh.exdate(key) for key in sorted(removed)]
    component = with_lines(master.component, lines)
    return replace(master, component=component, excluded=master.excluded | removed)


def _instances(case: Case, parts: Mapping[Key | None, Part]) -> Made | None:
    """The object with some instances as a message describes them; None: it is of before."""
    stored, theirs = case.stored, case.message.zones
    instances, master = Instances(stored), stored.master
    made: Made = {key: part.component for key, part in stored.parts.items()}
    news: set[Key | None] = set()
    for key, part in parts.items():
        old = stored.parts.get(key)
        is_back = is_reinstated(case, part)
        if old is not None and not is_back and is_older(part, received(old)):
            continue
        if old is None and not is_back and master is not None and _is_out(part, master, case.me):
            continue
        mine = old or (None if key is None else instances.find(key)) or master
        made[key] = merged(Version(part, theirs), _mine(mine, stored), case.me)
        news.add(key)
    again = frozenset() if master is None else names(news) & master.excluded
    if master is not None and again and case.start is not None:
        lines = including(master.component.lines, again, stored.zones, case.start)
        made[None] = with_lines(master.component, lines)
    return made if news else None


def _is_out(part: Part, master: Part, me: Addresses) -> bool:
    """Whether an instance without an override stays as it is, whatever the message says."""
    if is_older_than_series(part, master):
        return True
    return part.key in master.excluded and partstat(line_of(part, me)) == "DECLINED"


def _is_orphan(case: Case, parts: Mapping[Key | None, Part]) -> bool:
    """Whether the message is about an instance that the series does not have (RFC 5546 §4.7.2)."""
    master = case.stored.master
    if master is None or None in parts:
        return False
    known = case.stored.parts.keys() | master.excluded
    instances = Instances(case.stored)
    return any(key not in known and instances.find(key) is None for key in names(parts))


def _mine(part: Part | None, stored: Meeting) -> Version | None:
    return None if part is None else Version(part, stored.zones)
