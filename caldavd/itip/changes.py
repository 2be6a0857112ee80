"""What a message says otherwise than the one before it, for people who had that by mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from caldavd.ical.parse import Document, stored
from caldavd.itip.exceptions import MAX_TOLD, exceptions, listed_from
from caldavd.itip.words import Told, told
from caldavd.languages.phrases import Language


def told_of(document: Document, language: Language, today: date, before: str = "") -> Told:
    """All that is said of a message; `before` is the text of the one before it, if it is known."""
    new = told(document.components, document.zones, language)
    found = exceptions(document.components, document.zones, language)
    new = replace(new, exceptions=listed_from(today, found, language))
    return new if not before else replace(new, changes=_changes(before, document, language))


def _changes(before: str, document: Document, language: Language) -> tuple[str, ...]:
    pair = (stored(before), document)
    old, new = (told(of.components, of.zones, language) for of in pair)
    was, now = (exceptions(of.components, of.zones, language) for of in pair)
    changed = _otherwise([words for _, words in was], [words for _, words in now], language)
    return (*_fields(old, new, language), *changed)


def _fields(old: Told, new: Told, language: Language) -> Iterator[str]:
    rows = language.rows
    fields = (
        (rows.what, old.summary, new.summary),
        (rows.when, old.when, new.when),
        (rows.repeats, old.repeats, new.repeats),
        (rows.where, old.where, new.where),
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
