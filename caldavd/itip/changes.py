"""What a message says otherwise than the one before it, for people who had that by mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from caldavd.ical.parse import Document, stored
from caldavd.itip.exceptions import MAX_TOLD, exceptions
from caldavd.itip.words import Told, told
from caldavd.languages.phrases import Language


def told_of(document: Document, language: Language, before: str = "") -> Told:
    """All that is said of a message; `before` is the text of the one before it, if it is known."""
    new = _told(document, language)
    if not before:
        return new
    older = stored(before)
    return replace(new, changes=tuple(_changes(_told(older, language), new, language)))


def _told(of: Document, language: Language) -> Told:
    words = told(of.components, of.zones, language)
    return replace(words, exceptions=exceptions(of.components, of.zones, language))


def _changes(old: Told, new: Told, language: Language) -> Iterator[str]:
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
    lines = [rows.new.format(what=one) for one in new.exceptions if one not in old.exceptions]
    gone = (one for one in old.exceptions if one not in new.exceptions)
    lines += [rows.no_longer.format(what=one) for one in gone]
    yield from lines[:MAX_TOLD]
    if len(lines) > MAX_TOLD:
        yield rows.more.of(len(lines) - MAX_TOLD)
