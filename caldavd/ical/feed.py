"""A calendar as a feed for outsiders (RFC 7986 §5, RFC 5545 §3.8.1.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from caldavd.ical import combine
from caldavd.ical.combine import Zones
from caldavd.ical.contentline import Component, Line, read
from caldavd.ical.masked import access, busy_blocks
from caldavd.model import Access

REFRESH: Final = timedelta(hours=1)
"""How often those who subscribe are to look."""

_NAMED: Final[Mapping[str, tuple[int, int, int]]] = MappingProxyType(
    {
        **{"black": (0, 0, 0), "dimgray": (105, 105, 105), "gray": (128, 128, 128)},
        **{"silver": (192, 192, 192), "white": (255, 255, 255), "maroon": (128, 0, 0)},
        **{"red": (255, 0, 0), "crimson": (220, 20, 60), "tomato": (255, 99, 71)},
        **{"salmon": (250, 128, 114), "pink": (255, 192, 203), "hotpink": (255, 105, 180)},
        **{"deeppink": (255, 20, 147), "orange": (255, 165, 0), "darkorange": (255, 140, 0)},
        **{"gold": (255, 215, 0), "yellow": (255, 255, 0), "khaki": (240, 230, 140)},
        **{"brown": (165, 42, 42), "chocolate": (210, 105, 30), "tan": (210, 180, 140)},
        **{"olive": (128, 128, 0), "yellowgreen": (154, 205, 50), "lime": (0, 255, 0)},
        **{"limegreen": (50, 205, 50), "green": (0, 128, 0), "seagreen": (46, 139, 87)},
        **{"teal": (0, 128, 128), "aqua": (0, 255, 255), "turquoise": (64, 224, 208)},
        **{"steelblue": (70, 130, 180), "skyblue": (135, 206, 235), "navy": (0, 0, 128)},
        **{"dodgerblue": (30, 144, 255), "royalblue": (65, 105, 225), "blue": (0, 0, 255)},
        **{"slateblue": (106, 90, 205), "indigo": (75, 0, 130), "purple": (128, 0, 128)},
        **{"fuchsia": (255, 0, 255), "orchid": (218, 112, 214), "plum": (221, 160, 221)},
    }
)
"""Colours of CSS3 by their names: COLOR takes no other (RFC 7986 §5.9)."""
_HEX: Final = 16
_PSEUDONYM: Final = 32
"""Characters of the UIDs that strangers see."""


class Feed:
    """Writes a calendar, object by object, as those may see it who hold its link."""

    def __init__(self, *, busy_only: bool) -> None:
        self._busy_only = busy_only
        self._zones = Zones()

    def head(self, display_name: str, color: str | None) -> str:
        """The beginning. Without METHOD: PUBLISH wants an ORGANIZER in each event (RFC 5546)."""
        lasts = f"PT{int(REFRESH.total_seconds()) // 60}M"
        lines = [
            Line("REFRESH-INTERVAL", ";VALUE=DURATION", lasts),
            Line("X-PUBLISHED-TTL", "", lasts),
        ]
        name = None if color is None else color_name(color)
        if name is not None:
            lines.insert(0, Line("COLOR", "", name))
        return combine.head(display_name, color, lines)

    def add(self, texts: Sequence[str]) -> str:
        """What objects become: nothing if they are private, busy blocks if confidential.

        Where all are busy blocks, private ones are too.
        """
        return "".join(self._added(text) for text in texts)

    def _added(self, text: str) -> str:
        parts = [part for calendar in read(text) for part in calendar.components]
        closed = access(parts)
        if self._busy_only:
            return (
                self._zones.take(_anonymous(busy_blocks(parts, closed=False)))
                if _takes_time(parts)
                else ""
            )
        if closed is Access.PRIVATE:
            return ""
        if closed is Access.CONFIDENTIAL:
            return self._zones.take(busy_blocks(parts))
        for part in parts:
            # When to remind its owner is nobody else's concern.
            if part.name != "VTIMEZONE":
                part.components = [one for one in part.components if one.name != "VALARM"]
        return self._zones.take(parts)


def color_name(color: str) -> str | None:
    """The CSS3 colour that is nearest to #RRGGBB or #RRGGBBAA; None for what is neither."""
    try:
        red, green, blue = (int(color[place : place + 2], _HEX) for place in (1, 3, 5))
    except ValueError:
        return None

    def distance(name: str) -> int:
        of = _NAMED[name]
        return (of[0] - red) ** 2 + (of[1] - green) ** 2 + (of[2] - blue) ** 2

    return min(_NAMED, key=distance)


def _anonymous(blocks: Sequence[Component]) -> Sequence[Component]:
    """Busy blocks that do not tell, by their UIDs, who made them."""
    for block in blocks:
        block.lines = [
            line._replace(value=_pseudonym(line.value)) if line.name == "UID" else line
            for line in block.lines
        ]
    return blocks


def _pseudonym(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:_PSEUDONYM]


def _takes_time(parts: Sequence[Component]) -> bool:
    """Whether an object keeps its owner busy at any time: an event, unless all of it is not."""
    return any(part.name == "VEVENT" and not _is_free(part) for part in parts)


def _is_free(event: Component) -> bool:
    transp, status = event.first("TRANSP"), event.first("STATUS")
    return (transp is not None and transp.value.strip().upper() == "TRANSPARENT") or (
        status is not None and status.value.strip().upper() == "CANCELLED"
    )
