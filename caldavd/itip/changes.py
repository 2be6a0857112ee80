"""What a message says otherwise than the one before it, for people who had that by mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from caldavd.ical.contentline import Component, Line
from caldavd.ical.parse import Document, stored
from caldavd.ical.write import write
from caldavd.itip.exceptions import MAX_TOLD, Otherwise, date_of, exceptions, listed_from
from caldavd.itip.home import Home, at_home, stays_in_utc
from caldavd.itip.join import in_one_line
from caldavd.itip.moments import Zones, in_words
from caldavd.itip.snapshot import Key, copied, meeting, put_line
from caldavd.itip.words import Told, told
from caldavd.languages.phrases import Language

_Said = tuple[Told, Sequence[Otherwise]]
"""What is said of components, and all of their exceptions."""


def told_of(
    document: Document,
    language: Language,
    today: date,
    before: str = "",
    home: Home | None = None,
) -> Told:
    """All that is said of a message; `before` is the text of the one before it, if it is known.

    Times in UTC are told in the zone of `home`.
    """
    both = [document] if not before else [document, stored(before)]
    if home is not None and any(stays_in_utc(one, home) for one in both):
        home = None
    (components, zones), *older = (at_home(one.components, one.zones, home) for one in both)
    new = told(components, zones, language), exceptions(components, zones, language)
    old = [(told(*read, language), exceptions(*read, language)) for read in older]
    words = replace(
        _dated(new[0], components, zones, language),
        exceptions=listed_from(today, new[1], language),
    )
    return replace(words, changes=_changes(old[0], new, language)) if old else words


def left_by(request: str, cancels: Iterable[str]) -> str:
    """A REQUEST of a series as people know it who were told since that some dates are cancelled."""
    document = stored(request)
    found = meeting(document)
    gone: dict[Key | None, Component] = {}
    for cancel in cancels:
        for key, part in meeting(stored(cancel)).parts.items():
            gone[key] = copied(part.component)
            put_line(gone[key], Line("STATUS", "", "CANCELLED"))
    if not gone:
        return request
    replaced = {id(part.component) for key, part in found.parts.items() if key in gone}
    kept = [one for one in document.calendar.components if id(one) not in replaced]
    return write([Component("VCALENDAR", document.calendar.lines, [*kept, *gone.values()])])


def _dated(words: Told, components: Sequence[Component], zones: Zones, language: Language) -> Told:
    """What is said of a message, and the date that it is about, if that is one of a series."""
    found = date_of(components[0], zones) if len(components) == 1 else None
    if found is None:
        return words
    day, goes_on = found
    return replace(words, on=in_words(day, language), goes_on=goes_on)


def _changes(before: _Said, after: _Said, language: Language) -> tuple[str, ...]:
    (old, was), (new, now) = before, after
    changed = _otherwise([one.words for one in was], [one.words for one in now], language)
    return (*_fields(old, new, language), *changed)


def _fields(old: Told, new: Told, language: Language) -> Iterator[str]:
    rows = language.rows
    fields = (
        (rows.what, old.summary, new.summary),
        (rows.when, old.when, new.when),
        (rows.repeats, old.repeats, new.repeats),
        (rows.where, old.where, new.where),
        (rows.link, *(in_one_line(told_.links, language) for told_ in (old, new))),
    )
    for title, before, now in fields:
        if before != now:
            said = {"now": now or rows.nothing, "before": before or rows.nothing}
            yield rows.now_and_before.format(title=title, **said)


def _otherwise(old: Sequence[str], new: Sequence[str], language: Language) -> Iterator[str]:
    """What became of exceptions."""
    rows, before, after = language.rows, frozenset(old), frozenset(new)
    lines = [rows.new.format(what=one) for one in new if one not in before]
    lines += [rows.no_longer.format(what=one) for one in old if one not in after]
    yield from lines[:MAX_TOLD]
    if len(lines) > MAX_TOLD:
        yield rows.more.of(len(lines) - MAX_TOLD)
