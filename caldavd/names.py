"""Clark names of every vocabulary the server speaks; nothing else may spell a namespace."""

from __future__ import annotations

from typing import Final

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
CS: Final = "{http://calendarserver.org/ns/}"
APPLE: Final = "{http://apple.com/ns/ical/}"

PREFIXES: Final = {
    "DAV:": "D",
    "urn:ietf:params:xml:ns:caldav": "C",
    "http://calendarserver.org/ns/": "CS",
    "http://apple.com/ns/ical/": "I",
}
"""The prefix that answers use for each known namespace."""

XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def split(name: str) -> tuple[str, str]:
    """Namespace and local part of a Clark name; the namespace may be empty."""
    if not name.startswith("{"):
        return "", name
    namespace, _, local = name[1:].partition("}")
    return namespace, local
