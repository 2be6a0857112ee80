"""The reports about principals (RFC 3744 §9.2 to §9.5), as far as one's own principal goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav.members import members
from caldavd.dav.message import Response
from caldavd.dav.resolve import Target, require
from caldavd.dav.respond import Item, Mode, Selection, Wanted
from caldavd.dav.server import Context
from caldavd.errors import Failed
from caldavd.ical.collation import contains
from caldavd.model import Calendar, CalendarObject, Home, Principal, Root
from caldavd.names import CALDAV, CS, DAV
from caldavd.store import principals
from caldavd.store.engine import ReadTx
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, text

COLLATION: Final = "i;unicode-casemap"

SEARCHABLE: Final = (
    (DAV + "displayname", "Display name"),
    (CS + "first-name", "First name"),
    (CS + "last-name", "Last name"),
    (CS + "email-address-set", "Mail address"),
    (CALDAV + "calendar-user-address-set", "Calendar user address"),
    (CALDAV + "calendar-home-set", "Calendar home"),
    (CALDAV + "calendar-user-type", "Kind of calendar user"),
)
"""The properties that can be searched, as people call them."""

_MATCH_TYPES: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda value, wanted: contains(COLLATION, value, wanted),
    "starts-with": lambda value, wanted: value.casefold().startswith(wanted.casefold()),
    "ends-with": lambda value, wanted: value.casefold().endswith(wanted.casefold()),
    "equals": lambda value, wanted: value.casefold() == wanted.casefold(),
}


@dataclass(frozen=True, slots=True)
class Search:
    """One property-search: any of its properties has to match."""

    properties: tuple[str, ...]
    match: str
    match_type: str


@dataclass(frozen=True, slots=True)
class PropertySearch:
    """A principal-property-search; without searches it lists everyone."""

    searches: Sequence[Search]
    any_of: bool
    wanted: Wanted


def parse_search(context: Context, root: Element, wanted: Wanted) -> PropertySearch:
    """python-caldav puts wanted properties beside DAV:prop, and leaves the searches out."""
    searches = tuple(
        _search(child) for child in elements(root) if child.tag == DAV + "property-search"
    )
    known = (DAV + "property-search", DAV + "prop", DAV + "apply-to-principal-collection-set")
    beside = tuple(str(child.tag) for child in elements(root) if child.tag not in known)
    names = tuple(dict.fromkeys((*wanted.names, *beside)))
    return PropertySearch(
        searches,
        root.get("test", "allof") == "anyof",
        Wanted(Mode.PROP, names, minimal=wanted.minimal),
    )


async def select_search(
    tx: ReadTx, context: Context, target: Target, query: PropertySearch
) -> tuple[Selection, Wanted]:
    """The actor's own principal, if it matches."""
    require(target, Privilege.READ)
    own = await _own(tx, context)
    values = _values(context, own)
    results = [_found(search, values) for search in query.searches]
    matched = any(results) if query.any_of and results else all(results)
    items: list[Item] = [(context.urls.principal(own.name), own)] if matched else []
    return Selection(items), query.wanted


def parse_nothing(context: Context, root: Element, wanted: Wanted) -> None:
    """For a report whose element is empty."""


async def run_property_set(tx: ReadTx, context: Context, target: Target, query: None) -> Response:
    """principal-search-property-set: 200, and what a search may name (RFC 3744 §9.5)."""
    require(target, Privilege.READ)
    content = "".join(
        "<D:principal-search-property>"
        f"<D:prop>{write.element(name)}</D:prop>"
        f'<D:description xml:lang="en">{write.escape(words)}</D:description>'
        "</D:principal-search-property>"
        for name, words in SEARCHABLE
    )
    body = write.document(DAV + "principal-search-property-set", content)
    return Response(200, (("Content-Type", write.CONTENT_TYPE),), body)


@dataclass(frozen=True, slots=True)
class Match:
    """A principal-match: the actor's own principal, or what a property names the actor in."""

    property: str | None
    wanted: Wanted


def parse_match(context: Context, root: Element, wanted: Wanted) -> Match:
    """Raises Failed(400) unless it says DAV:self or DAV:principal-property."""
    if root.find(DAV + "self") is not None:
        return Match(None, _only_props(root, wanted))
    found = root.find(DAV + "principal-property")
    names = [] if found is None else [str(child.tag) for child in elements(found)]
    if len(names) != 1:
        raise Failed(400, "principal-match holds DAV:self or DAV:principal-property")
    return Match(names[0], _only_props(root, wanted))


async def select_match(
    tx: ReadTx, context: Context, target: Target, query: Match
) -> tuple[Selection, Wanted]:
    """Members of the target (RFC 3744 §9.3)."""
    require(target, Privilege.READ)
    found = [(target.href, target.resource)]
    found += await members(tx, context, target.resource, target.href)
    if isinstance(target.resource, Root):
        href, below = found[1]
        found += await members(tx, context, below, href)
    if query.property is None:
        items = [item for item in found if isinstance(item[1], Principal)]
    elif query.property in (DAV + "owner", DAV + "principal-URL"):
        owned = (Home, Calendar, CalendarObject)
        kinds = owned if query.property == DAV + "owner" else (Principal,)
        items = [item for item in found if isinstance(item[1], kinds)]
    else:
        items = []
    return Selection(items), query.wanted


def parse_acl_set(context: Context, root: Element, wanted: Wanted) -> Wanted:
    """An acl-principal-prop-set asks for properties only."""
    return _only_props(root, wanted)


async def select_acl_set(
    tx: ReadTx, context: Context, target: Target, wanted: Wanted
) -> tuple[Selection, Wanted]:
    """The principals in the access control list: so far the owner's alone (RFC 3744 §9.2)."""
    require(target, Privilege.READ_ACL)
    own = await _own(tx, context)
    return Selection([(context.urls.principal(own.name), own)]), wanted


async def _own(tx: ReadTx, context: Context) -> Principal:
    own = await principals.by_id(tx, context.actor.id)
    if own is None:
        raise Failed(404, "this principal was removed")
    return own


def _only_props(root: Element, wanted: Wanted) -> Wanted:
    """Without a DAV:prop nothing is wanted, not everything."""
    return wanted if root.find(DAV + "prop") is not None else Wanted()


def _search(element: Element) -> Search:
    prop, match = element.find(DAV + "prop"), element.find(DAV + "match")
    if prop is None or match is None:
        raise Failed(400, "a property-search holds DAV:prop and DAV:match")
    match_type = match.get("match-type", "contains")
    if match_type not in _MATCH_TYPES:
        raise Failed(400, f"match-type is one of {', '.join(_MATCH_TYPES)}")
    names = tuple(str(child.tag) for child in elements(prop))
    return Search(names, text(match), match_type)


def _found(search: Search, values: dict[str, list[str]]) -> bool:
    compare = _MATCH_TYPES[search.match_type]
    return any(
        compare(value, search.match) for name in search.properties for value in values.get(name, [])
    )


def _values(context: Context, own: Principal) -> dict[str, list[str]]:
    urls = context.urls
    shown = own.display_name or own.name
    return {
        DAV + "displayname": [shown],
        CS + "first-name": [shown.rpartition(" ")[0]],
        CS + "last-name": [shown.rpartition(" ")[2]],
        CS + "email-address-set": list(own.addresses),
        CALDAV + "calendar-user-address-set": [
            *(f"mailto:{address}" for address in own.addresses),
            urls.principal(own.name),
            f"urn:uuid:{own.uuid}",
        ],
        CALDAV + "calendar-home-set": [urls.home(own.name)],
        CALDAV + "calendar-user-type": ["INDIVIDUAL"],
    }
