"""What no calendar client forgives: one sentence a rule, by the name that tests give it.

Each is broken by some server, and each server that breaks it is one that some client fails with.
"""

from __future__ import annotations

from typing import Final

RULES: Final = {
    "G1": "Without credentials every method on every path is a 401, with one realm for the host.",
    "G2": "The well-known URL redirects any method to where the principal can be asked for.",
    "G3": "OPTIONS tells of calendar-access on every resource, behind the token 1.",
    "G4": "There is one calendar home, an absolute path with a slash at the end.",
    "G5": "Collections end in a slash, objects do not, and a missing slash does no harm.",
    "G6": "Hrefs are absolute paths, spelled as the request was; @ stays what it is.",
    "G7": "Entity tags are strong, quoted, and the same wherever they are shown.",
    "G8": "PUT answers an entity tag only if the bytes were stored as they were sent.",
    "G9": "A sync-collection is taken with any Depth, without one, and without a level.",
    "G10": "A bad sync token is a 403 with DAV:valid-sync-token.",
    "G11": "A sync lists members with type and tag, and never the collection itself.",
    "G12": "A multistatus holds what is needed and no more.",
    "G13": "A property nobody knows is a 404 in a propstat, or left out if that was asked for.",
    "G14": "What does not exist is a 404.",
    "G15": "Names, colours, order, alarms and their like can be set by whoever may read.",
    "G16": "MKCALENDAR takes what clients send, answers 201, and does all or nothing.",
    "G17": "Privileges are spelled out one by one.",
    "G18": "Supported reports stand in their wrappers.",
    "G19": "An object's content type begins with text/calendar.",
    "G20": "A principal's addresses are mailto: in lower case, the preferred one first.",
    "G21": "A request for free/busy times needs no Originator and no Recipient.",
    "G22": "A Schedule-Tag survives what only an attendee's own part changes.",
    "G23": "What is announced works, and what does not is not announced.",
    "G24": "Whoever is to come back later is told when.",
    "G25": "XML says so in its type, is UTF-8, and holds no character that XML forbids.",
}

C: Final = "{urn:ietf:params:xml:ns:caldav}"
PRINCIPAL: Final = "/dav/principals/ann/"
HOME: Final = "/dav/calendars/ann/"
OBJECT: Final = HOME + "main/a.ics"
"""Where the fixture `stored` puts its object."""
COLLECTIONS: Final = (
    "/",
    "/principals/",
    "/dav/",
    "/dav/principals/",
    PRINCIPAL,
    HOME,
    HOME + "main/",
)
"""A URL of each kind of collection, the last one of the fixture `calendar`."""
