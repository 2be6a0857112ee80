"""REPLY, REFRESH and COUNTER, which an organizer receives (RFC 5546 §3.2.3, RFC 6638 §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from caldavd.errors import VALID_SCHEDULING_MESSAGE, Refused
from caldavd.ical.contentline import Component, Line, parameter, parameters
from caldavd.ical.extent import extent
from caldavd.ical.parse import Document
from caldavd.ical.validate import DEFAULT
from caldavd.ical.write import parameter_text
from caldavd.itip.address import Addresses, normal
from caldavd.itip.comments import commented, said_before
from caldavd.itip.compare import partstat, rule_parts
from caldavd.itip.incoming import Case, judged, with_lines, written
from caldavd.itip.message import PRIVATE_COMMENT, public, served
from caldavd.itip.occurrence import Instances
from caldavd.itip.outcome import Action, Changed, Changes, Ignored, Outcome, Recurrence
from caldavd.itip.own import NEEDS_ACTION
from caldavd.itip.revision import REPLIED, stamp_of
from caldavd.itip.snapshot import Key, Part, Zones, with_parameter

_DELEGATED: Final = "DELEGATED"
_CODE: Final = re.compile(r"[1-5](?:\.[0-9]{1,3}){1,2}", re.ASCII)
MAX_LINES: Final = 100_000
"""Content lines that one answer may add, by the overrides that it needs."""


@dataclass(slots=True)
class _Work:
    """The organizer's object, while an answer is written into it."""

    case: Case
    who: str
    parts: dict[Key | None, Part]
    instances: Instances
    changed: dict[Key | None, tuple[Changed, ...]] = field(default_factory=dict)
    ignored: Ignored | None = None
    room: int = MAX_LINES
    is_news: bool = False
    """Whether who answered does not have what was made of it: the meeting was changed since,
    though not its times, or the answer to the series was taken for one to its overrides. Who
    declines may have removed it, and got it again by what was on its way."""
    is_stale: bool = False
    """Whether an answer was to what is no longer so: who gave it is to know."""
    told: set[str] = field(default_factory=set)
    """Others who are to know."""


def replier(message: Document) -> str:
    """Who answers in a REPLY, as `address.normal` gives it: the sender has to be that attendee.

    Raises Refused(VALID_SCHEDULING_MESSAGE) where its components do not agree.
    """
    found = {_replier(part) for part in judged(message, "REPLY").parts.values()}
    if len(found) > 1:
        raise _malformed("its components are answers of different attendees")
    return found.pop()


def replied(case: Case, who: str) -> Outcome:
    """The outcome of a REPLY of `who`."""
    refusal = _not_asked(case)
    if refusal is not None:
        return Outcome(inbox=True, ignored=refusal)
    work = _Work(case, who, dict(case.stored.parts), Instances(case.stored))
    for key in sorted(case.message.parts, key=lambda key: key or ""):
        _answer(work, case.message.parts[key])
    if work.ignored is Ignored.TOO_LARGE:
        return Outcome(inbox=True, ignored=work.ignored)
    answer = "REQUEST" if work.is_stale or work.ignored is Ignored.STALE else ""
    made = None
    if work.parts != case.stored.parts:
        made = written(case, [part.component for part in work.parts.values()])
    if not work.changed or made is None:
        kept = work.ignored in (Ignored.STRANGER, Ignored.CLIENT, Ignored.NO_INSTANCE)
        text = None if made is None else made.text
        return Outcome(text, inbox=kept, answer=answer, ignored=work.ignored, made=made)
    if len(made.text) > DEFAULT.max_bytes:
        return Outcome(inbox=True, ignored=Ignored.TOO_LARGE)
    recurrences = tuple(Recurrence(key, changed) for key, changed in work.changed.items())
    changes = Changes(Action.REPLY, who, recurrences)
    news = any(recurrence.changed for recurrence in recurrences)
    if not news:
        return Outcome(made.text, inbox=_is_failure(case), answer=answer, made=made)
    told = _to_tell(work)
    return Outcome(made.text, True, True, changes, told, answer, made=made)


def asked_again(case: Case) -> Outcome:
    """The outcome of a REFRESH: those who are asked are told all that they are asked to."""
    refusal = _not_asked(case)
    if refusal is not None:
        return Outcome(ignored=refusal)
    known = _is_known(case)
    return Outcome(answer="REQUEST") if known else Outcome(ignored=Ignored.STRANGER)


def countered(case: Case) -> Outcome:
    """The outcome of a COUNTER: the organizer is to see it; nothing changes by itself."""
    refusal = _not_asked(case)
    if refusal is None and not _is_known(case):
        refusal = Ignored.STRANGER
    if refusal is not None:
        return Outcome(inbox=True, ignored=refusal)
    for key, part in case.message.parts.items():
        old = case.stored.parts.get(key) or case.stored.master
        if old is not None and part.sequence < old.sequence:
            return Outcome(answer="REQUEST", ignored=Ignored.STALE)
    return Outcome(inbox=True)


def _not_asked(case: Case) -> Ignored | None:
    """Why the message is none to the organizer of this object; None if it is."""
    stored, message = case.stored, case.message
    if stored.component != message.component:
        return Ignored.KIND
    if stored.organizers.isdisjoint(case.me):
        return Ignored.ORGANIZER
    return None


def _is_known(case: Case) -> bool:
    asked = {who for part in case.stored.parts.values() for who in part.attendees}
    found = {who for part in case.message.parts.values() for who in part.attendees}
    return not asked.isdisjoint(found - case.me)


def _replier(part: Part) -> str:
    """Who answers; in a delegation both who delegates and the delegate are named (§4.2.6)."""
    if len(part.attendees) == 1:
        return next(iter(part.attendees))
    delegates = [
        who
        for who, line in part.attendees.items()
        if parameter(line, "DELEGATED-FROM") and partstat(line) != NEEDS_ACTION
    ]
    delegators = [who for who, line in part.attendees.items() if partstat(line) == _DELEGATED]
    found = delegates or delegators
    if len(found) != 1:
        raise _malformed("a REPLY has one ATTENDEE, who answers")
    return found[0]


def _answer(work: _Work, told: Part) -> None:
    """Writes one component of an answer into the object, or says why not."""
    part = work.parts.get(told.key)
    made = part is None
    if part is None and told.key is not None:
        part = work.instances.find(told.key)
    if part is None:
        work.ignored = Ignored.NO_INSTANCE
        return
    work.ignored = _refusal(work, part, told)
    if work.ignored is not None:
        if work.ignored is Ignored.STALE:
            _hear(work, part, told)
        return
    if made and not _has_room(work, part):
        return
    declines = partstat(told.attendees[work.who]) == "DECLINED"
    work.is_news = work.is_news or declines or told.sequence < part.sequence
    after, changed = _written(work, part, told)
    if after is part and not made:
        return
    # What is on its way to who delegates does not name the delegate: it is told once more.
    work.is_news = work.is_news or after.attendees.keys() != part.attendees.keys()
    work.parts[told.key] = after
    work.changed[told.key] = changed
    work.told |= after.attendees.keys()
    if told.key is None:
        _spread(work, part, told, after.attendees[work.who], changed)


def _has_room(work: _Work, part: Part) -> bool:
    """Whether there is room for one more override."""
    work.room -= len(part.component.lines)
    if work.room < 0:
        work.ignored = Ignored.TOO_LARGE
    return work.room >= 0


def _hear(work: _Work, part: Part, told: Part) -> None:
    """Remembers that an answer to something else came, and was not taken for one to this.

    The REQUEST that follows says so: who answered would take it for an answer on its way. What
    they told the organizer stays worth reading.
    """
    work.is_stale = True
    stamp, made = stamp_of(told.component), part.key not in work.parts
    others = [one for key, one in work.parts.items() if key not in work.case.message.parts]
    for one in [part, *(others if told.key is None else ())]:
        line = one.attendees.get(work.who)
        if line is None:
            continue
        heard, lines = one, None
        if (parameter(line, REPLIED) or "") <= stamp:
            heard = _with_line(one, line, with_parameter(line, REPLIED, stamp))
            if said_before(one, work.who) == said_before(part, work.who):
                lines = commented(list(heard.component.lines), heard, told, work.who, work.case.at)
        if lines is not None:
            heard = replace(heard, component=with_lines(heard.component, lines))
            work.changed[one.key] = (Changed(PRIVATE_COMMENT),)
        if lines is not None or not made:
            work.parts[one.key] = heard


def _with_line(part: Part, old: Line, new: Line) -> Part:
    """The part with another ATTENDEE line of the same address."""
    lines = [new if line == old else line for line in part.component.lines]
    attendees = {who: new if line == old else line for who, line in part.attendees.items()}
    component = with_lines(part.component, lines)
    return Part(component, part.key, attendees, part.sequence, part.excluded)


def _refusal(work: _Work, part: Part, told: Part) -> Ignored | None:
    """Why an answer about a part does not count; None if it does."""
    if work.ignored is Ignored.TOO_LARGE:
        return work.ignored
    line = part.attendees.get(work.who)
    if line is None or work.who in work.case.me:
        return Ignored.STRANGER
    if not served(line):
        return Ignored.CLIENT
    last = parameter(line, REPLIED)
    if last is not None and stamp_of(told.component) < last:
        return Ignored.STALE
    if told.sequence < part.sequence and not _still_answers(work.case, part, told):
        return Ignored.STALE
    return None


def _still_answers(case: Case, part: Part, told: Part) -> bool:
    """Whether an answer to an earlier revision is one to this: it names the same times.

    The text may have been changed, but what was accepted takes place when it was to.
    """
    component = told.component
    if component.first("DTSTART") is None and component.first("DUE") is None:
        return False
    same_rules = _rules(component) == _rules(part.component)
    return same_rules and _times(component, case.message.zones) == _times(
        part.component, case.stored.zones
    )


def _times(component: Component, zones: Zones) -> object:
    try:
        found = extent(component, zones)
        return found.start, None if found.start is None else found.end_of(found.start)
    except ValueError:
        return object()


def _rules(component: Component) -> set[frozenset[str]]:
    return {rule_parts(line.value) for line in component.all("RRULE")}


def _written(work: _Work, part: Part, told: Part) -> tuple[Part, tuple[Changed, ...]]:
    """The part with an answer in it, and what that changed; the very same if nothing."""
    old = part.attendees[work.who]
    new = _answered(old, told.attendees[work.who], told.component)
    instead = {old: new} | _of_delegator(part, new)
    lines = [instead.get(line, line) for line in part.component.lines]
    lines += _delegate(work, part, told, new)
    comments = commented(lines, part, told, work.who, work.case.at)
    if comments is None and lines == part.component.lines:
        return part, ()
    attendees = {normal(line.value): line for line in lines if line.name == "ATTENDEE"}
    component = with_lines(part.component, lines if comments is None else comments)
    changed = [] if comments is None else [Changed(PRIVATE_COMMENT)]
    differing = _differing(old, new)
    if differing or attendees.keys() != part.attendees.keys():
        changed.insert(0, Changed("ATTENDEE", differing))
    return Part(component, part.key, attendees, part.sequence, part.excluded), tuple(changed)


def _answered(old: Line, told: Line, answer: Component) -> Line:
    """The ATTENDEE of the organizer's object with an answer (RFC 6638 §4.2)."""
    said = parameters(told)
    values: dict[str, tuple[str, ...]] = {}
    if "PARTSTAT" in said:
        values["PARTSTAT"] = (said["PARTSTAT"][0].strip().upper(),)
        values["DELEGATED-TO"] = said.get("DELEGATED-TO", ())
    if "DELEGATED-FROM" in said:
        values["DELEGATED-FROM"] = said["DELEGATED-FROM"]
    values["SCHEDULE-STATUS"] = (",".join(_codes(answer)) or "2.0",)
    values[REPLIED] = (stamp_of(answer),)
    line, before = old, parameters(old)
    for name, value in values.items():
        if before.get(name, ()) != value:
            line = with_parameter(line, name, *value)
    return line


def _of_delegator(part: Part, delegate: Line) -> dict[Line, Line]:
    """Who delegated to somebody who declines is asked again (RFC 5546 §4.2.7)."""
    who = normal(parameter(delegate, "DELEGATED-FROM") or "")
    line = part.attendees.get(who)
    if line is None or partstat(delegate) != "DECLINED" or partstat(line) != _DELEGATED:
        return {}
    if normal(parameter(line, "DELEGATED-TO") or "") != normal(delegate.value):
        return {}
    asked = with_parameter(with_parameter(line, "PARTSTAT", NEEDS_ACTION), "DELEGATED-TO")
    return {line: with_parameter(asked, "RSVP", "TRUE")}


def _delegate(work: _Work, part: Part, told: Part, new: Line) -> Iterator[Line]:
    """The delegate whom the answer names, if the object does not have them yet (§3.2.2.3)."""
    value = parameter(new, "DELEGATED-TO")
    if partstat(new) != _DELEGATED or value is None:
        return
    who = normal(value)
    if who in part.attendees or who in work.case.me:
        return
    named = told.attendees.get(who)
    params = parameter_text("DELEGATED-FROM", new.value) + ";RSVP=TRUE"
    yield Line("ATTENDEE", params, value) if named is None else _as_asked(public(named), new)


def _as_asked(delegate: Line, delegator: Line) -> Line:
    """A delegate who has not answered: nobody else can for them."""
    line = with_parameter(delegate, "PARTSTAT", NEEDS_ACTION)
    return with_parameter(with_parameter(line, REPLIED), "DELEGATED-FROM", delegator.value)


def _spread(
    work: _Work, before: Part, told: Part, after: Line, changed: tuple[Changed, ...]
) -> None:
    """An answer to a series is one to its instances too, where nothing else was answered.

    Such an override was made for somebody else's answer; it is of no later revision. Where who
    answered had another one, the answer names it.
    """
    line, comment = before.attendees[work.who], said_before(before, work.who)
    for key, part in list(work.parts.items()):
        mine = part.attendees.get(work.who)
        if key is None or key in work.case.message.parts or mine is None:
            continue
        made = part
        if part.sequence <= before.sequence and mine == line:
            made = _with_line(part, mine, after)
        elif (parameter(mine, REPLIED) or "") < stamp_of(told.component):
            made = _with_line(part, mine, with_parameter(mine, REPLIED, stamp_of(told.component)))
        if said_before(part, work.who) == comment:
            lines = commented(list(made.component.lines), made, told, work.who, work.case.at)
            if lines is not None:
                made = replace(made, component=with_lines(made.component, lines))
        if made.component.lines == part.component.lines:
            continue
        work.parts[key] = made
        work.is_news = work.is_news or made.attendees[work.who] != mine
        work.changed[key] = tuple(one for one in changed if one.name == "ATTENDEE")
        work.told |= made.attendees.keys()


def _to_tell(work: _Work) -> Addresses:
    """Who is told of an answer: who answered knows, unless more was made of it."""
    told = work.told - work.case.me
    if not work.is_news:
        told -= {work.who}
    lines = {who: line for part in work.parts.values() for who, line in part.attendees.items()}
    return frozenset(who for who in told if served(lines[who]))


def _differing(old: Line, new: Line) -> tuple[str, ...]:
    before, after = parameters(old), parameters(new)
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return tuple(sorted(names - {"SCHEDULE-STATUS", REPLIED}))


def _codes(answer: Component) -> list[str]:
    """The status codes of an answer, each once."""
    found = (line.value.partition(";")[0].strip() for line in answer.all("REQUEST-STATUS"))
    return list(dict.fromkeys(code for code in found if _CODE.fullmatch(code)))


def _is_failure(case: Case) -> bool:
    """Whether the message was of no use to who answers (RFC 5546 §4.4.10)."""
    codes = (code for part in case.message.parts.values() for code in _codes(part.component))
    return any(not code.startswith("2") for code in codes)


def _malformed(reason: str) -> Refused:
    return Refused(VALID_SCHEDULING_MESSAGE, f"{reason}: send what RFC 5546 asks for")
