"""Where people join a meeting: CONFERENCE (RFC 7986 §5.11) and URL, as they may read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.itip.plain import plain
from caldavd.languages.phrases import Language

MAX_URL: Final = 2_000
MAX_LINKS: Final = 10

_WEB: Final = re.compile(r"https?://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
_PROPERTIES: Final = ("CONFERENCE", "URL")


class Link(NamedTuple):
    """Where somebody joins, and what that is called; empty if it has no name."""

    url: str
    label: str

    @property
    def is_web(self) -> bool:
        """Whether it may be followed with a click: nothing but pages is."""
        return _WEB.fullmatch(self.url) is not None


def links_of(component: Component) -> tuple[Link, ...]:
    """The links of a component, each once; none that is cut, since that would lead elsewhere."""
    lines = (line for name in _PROPERTIES for line in component.all(name))
    found: dict[str, Link] = {}
    for link in filter(None, map(_link, lines)):
        found.setdefault(link.url, link)
    return tuple(found.values())[:MAX_LINKS]


def in_lines(links: Sequence[Link], language: Language) -> str:
    """Links as text, one a line."""
    return "\n".join(_texts(links, language))


def in_one_line(links: Sequence[Link], language: Language) -> str:
    """Links as text, one after the other."""
    return ", ".join(_texts(links, language))


def in_html(links: Sequence[Link], language: Language) -> str:
    """Links as HTML, one a line; what they lead to learns nothing of where they stood."""
    return "\n".join(
        language.rows.row.format(title=escape(link.label), value=_anchor(link))
        if link.label
        else _anchor(link)
        for link in links
    )


def _texts(links: Sequence[Link], language: Language) -> Iterator[str]:
    for link in links:
        named = language.rows.row.format(title=link.label, value=link.url)
        yield named if link.label else link.url


def _anchor(link: Link) -> str:
    shown = escape(link.url)
    return f'<a href="{shown}" rel="noreferrer noopener">{shown}</a>' if link.is_web else shown


def _link(line: Line) -> Link | None:
    url = line.value.strip()
    if not url or len(url) > MAX_URL or plain(url, MAX_URL) != url:
        return None
    return Link(url, plain(parameter(line, "LABEL") or "", 100))
