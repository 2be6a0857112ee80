"""Transcripts of messages and of what becomes of calendars, as plain text (fixtures/itip).

A transcript is a list of steps. Each begins with a line `@ ...`, and has the iCalendar lines up to
the next one; a line that begins with # is a remark.

    @ a holds               the object that a has, whatever was before
    @ b receives            a message, which b's server applies; everybody is <name>@example.com
    @ outcome create inbox  what came of it: see `_described`
    @ b has                 the components of b's object now, however their lines are ordered;
                            what the server notes for itself (X-CALDAVD-) is left out
    @ b has nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from caldavd.ical.contentline import Component, Line, read, without_parameters
from caldavd.ical.parse import Document, parse
from caldavd.ical.parse import stored as reread
from caldavd.ical.write import write_line
from caldavd.itip.incoming import read_message
from caldavd.itip.outcome import Outcome
from caldavd.itip.receive import receive
from caldavd.itip.revision import OURS, REPLIED

ROOT: Final = Path(__file__).parents[1] / "fixtures" / "itip"
AT: Final = datetime(1997, 7, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a transcript: its words, its text, and the line in the file where it begins."""

    words: tuple[str, ...]
    text: str
    line: int


@dataclass(slots=True)
class Play:
    """What everybody has, and what came of the last message."""

    texts: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)


def steps(source: str) -> Iterator[Step]:
    """The steps of a transcript, in order."""
    words: tuple[str, ...] = ()
    begins = 0
    lines: list[str] = []
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("#"):
            continue
        if line.startswith("@"):
            if words:
                yield Step(words, "".join(lines), begins)
            words, begins, lines = tuple(line[1:].split()), number, []
        else:
            lines.append(line + "\r\n")
    if words:
        yield Step(words, "".join(lines), begins)


def play(name: str) -> Iterator[tuple[str, object, object]]:
    """Plays a transcript: of each step that says what is to be, where, what is, and that."""
    state = Play()
    for step in steps((ROOT / name).read_text()):
        match step.words:
            case (who, "holds"):
                state.texts[who] = parse(step.text.encode()).text
            case (who, "receives"):
                _receive(state, who, step.text)
            case ("outcome", *words):
                yield f"{name}:{step.line}", _described(state.outcome), set(words)
            case (who, "has", "nothing"):
                yield f"{name}:{step.line}", who in state.texts, False
            case (who, "has"):
                there = shown(state.texts[who])
                yield f"{name}:{step.line}", there, shown(f"BEGIN:X\r\n{step.text}END:X\r\n")
            case _:
                raise ValueError(f"{name}:{step.line} is no step of a transcript")


def _receive(state: Play, who: str, text: str) -> None:
    """Applies a message, and the same once more: that changes nothing."""
    message, method = read_message(text.encode())
    me = frozenset({f"mailto:{who}@example.com"})
    state.outcome = receive(_stored(state, who), message, method, me, AT)
    if state.outcome.text is not None:
        state.texts[who] = parse(state.outcome.text.encode()).text
        again = receive(_stored(state, who), message, method, me, AT)
        if again.text is not None:
            raise ValueError(f"the same message twice makes of the object\n{again.text}")


def _stored(state: Play, who: str) -> Document | None:
    return reread(state.texts[who]) if who in state.texts else None


def _described(outcome: Outcome) -> set[str]:
    """The words of an outcome: action, inbox, keeps-tag, answer, ignored, and who is told."""
    words = {f"tells:{who.removeprefix('mailto:')}" for who in outcome.refresh}
    if outcome.changes is not None:
        words.add(outcome.changes.action.value)
        for recurrence in outcome.changes.recurrences:
            names = ",".join(changed.name for changed in recurrence.changed)
            words.add(f"{recurrence.instance or 'master'}:{names}")
    if outcome.text is not None:
        words.add("keeps-tag" if outcome.keeps_tag else "new-tag")
    if outcome.inbox:
        words.add("inbox")
    if outcome.answer:
        words.add(f"answer:{outcome.answer}")
    if outcome.ignored is not None:
        words.add(f"ignored:{outcome.ignored.name}")
    return words


def shown(text: str) -> list[str]:
    """The components of a text, each with its lines in order of the alphabet."""
    parts = [part for calendar in read(text) for part in calendar.components]
    return sorted(_component(part) for part in parts if part.name != "VTIMEZONE")


def _component(part: Component) -> str:
    lines = sorted(_line(line) for line in part.lines if not line.name.startswith(OURS))
    inner = sorted(_component(one) for one in part.components)
    return "".join([f"BEGIN:{part.name}\n", *lines, *inner, f"END:{part.name}\n"])


def _line(line: Line) -> str:
    """A content line with its parameters in order of the alphabet."""
    pieces = without_parameters(line, REPLIED)
    found = sorted(piece for piece in pieces.split(";") if piece)
    parameters = "".join(f";{piece}" for piece in found)
    return write_line(line._replace(parameter_text=parameters)).replace("\r\n", "\n")
