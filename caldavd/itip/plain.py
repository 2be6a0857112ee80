"""Texts of events as people may read them: nothing in one ends a header, or turns around a line."""

from __future__ import annotations

from typing import Final

from caldavd.ical.contentline import Component, unescape

MAX_WORDS: Final = 300

_REORDERS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a text read otherwise than it is written."""


def plain(text: str, limit: int = MAX_WORDS) -> str:
    """One line without anything that could end a header, or turn around what follows."""
    shown = "".join(c if c.isprintable() else " " for c in text if c not in _REORDERS)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def lines_of(text: str, limit: int) -> str:
    """Lines of a longer text, each as `plain` has it."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    lines = [plain(line, limit) for line in cut.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def text_of(component: Component, name: str) -> str:
    """A property of one line, as `plain` has it; empty if there is none."""
    return plain(raw_text_of(component, name))


def raw_text_of(component: Component, name: str) -> str:
    """A property as it was written; empty if there is none."""
    line = component.first(name)
    return "" if line is None else unescape(line.value)
