"""The reports about principals (RFC 3744 §9.2, §9.4, §9.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.dav.facts import Item
from caldavd.dav.members import visible
from caldavd.dav.message import Response
from caldavd.dav.people import owner_of, with_aces
from caldavd.dav.properties.caldav import USER_TYPES
from caldavd.dav.property import NOBODY
from caldavd.dav.resolve import Target, require
from caldavd.dav.respond import Mode, Selection, Wanted
from caldavd.dav.server import Context
from caldavd.dav.wanted import require_depth_0
from caldavd.errors import NUMBER_OF_MATCHES, Failed, Refused
from caldavd.ical.collation import contains
from caldavd.model import Calendar, CalendarObject, Home, Principal, Proxy, ProxyGroup
from caldavd.names import CALDAV, CS, DAV
from caldavd.store import principals
from caldavd.store.engine import ReadTx
from caldavd.store.members import identities_of
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, text

MAX_MATCHES: Final = 5_000
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
    """One property-search: each of its properties is a term (RFC 3744 §9.4)."""

    properties: tuple[str, ...]
    match: str
    match_type: str


@dataclass(frozen=True, slots=True)
class PropertySearch:
    """A principal-property-search; without searches it lists everyone."""

    searches: Sequence[Search]
    any_of: bool
    everywhere: bool
    """Whether everyone is looked through, wherever the report was sent to."""
    wanted: Wanted


def parse_search(context: Context, root: Element, wanted: Wanted) -> PropertySearch:
    """python-caldav puts wanted properties beside DAV:prop, and leaves the searches out."""
    require_depth_0(wanted)
    searches = tuple(
        _search(child) for child in elements(root) if child.tag == DAV + "property-search"
    )
    known = (DAV + "property-search", DAV + "prop", DAV + "apply-to-principal-collection-set")
    beside = tuple(str(child.tag) for child in elements(root) if child.tag not in known)
    names = tuple(dict.fromkeys((*wanted.names, *beside)))
    return PropertySearch(
        searches,
        root.get("test", "allof") == "anyof",
        root.find(DAV + "apply-to-principal-collection-set") is not None,
        Wanted(Mode.PROP, names, minimal=wanted.minimal),
    )


async def select_search(
    tx: ReadTx, context: Context, target: Target, query: PropertySearch
) -> tuple[Selection, Wanted]:
    """The principals below the target, or all that the actor sees, that match.

    Raises Refused(NUMBER_OF_MATCHES) for more than MAX_MATCHES of them.
    """
    require(target, Privilege.READ)
    match target.resource:
        case Principal() as one if not query.everywhere:
            among = [one]
        case ProxyGroup() if not query.everywhere:
            among = []
        case _:
            among = await visible(tx, context)
    found = await tx.offload(_matching, context, query, among)
    if len(found) > MAX_MATCHES:
        raise Refused(NUMBER_OF_MATCHES, f"more than {MAX_MATCHES} principals match: say more")
    return Selection([(context.urls.principal(one.name), one) for one in found]), query.wanted


def _matching(
    context: Context, query: PropertySearch, among: Sequence[Principal]
) -> list[Principal]:
    found = []
    for one in among:
        values = _values(context, one)
        results = [hit for search in query.searches for hit in _hits(search, values)]
        if any(results) if query.any_of and results else all(results):
            found.append(one)
    return found


def parse_nothing(context: Context, root: Element, wanted: Wanted) -> None:
    """For a report whose element is empty. Raises Failed(400) for a Depth that it has not."""
    require_depth_0(wanted)


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


def parse_acl_set(context: Context, root: Element, wanted: Wanted) -> Wanted:
    """An acl-principal-prop-set asks for properties only."""
    require_depth_0(wanted)
    return only_props(root, wanted)


async def select_acl_set(
    tx: ReadTx, context: Context, target: Target, wanted: Wanted
) -> tuple[Selection, Wanted]:
    """The principals in the access control list, each once (RFC 3744 §9.2).

    Of principals that are not the actor's to see nothing is told but that they are named.
    """
    require(target, Privilege.READ_ACL)
    resource, urls = target.resource, context.urls
    if isinstance(resource, Principal):
        # Its list is for itself, and for all who log in.
        return Selection([]), wanted
    people = await with_aces(tx, context, [resource], NOBODY)
    owner_id = owner_of(resource) or 0
    entries = [
        ace for of in (people.homes, people.calendars) for found in of.values() for ace in found
    ]
    ids = dict.fromkeys((owner_id, *(ace.principal_id for ace in entries)))
    found = {one.id: one for one in await principals.by_ids(tx, ids.keys())}
    owner = found[owner_id]
    told = set(ids)
    if not context.server.all_principals:
        told &= await identities_of(tx, context.actor.id)
    named = [(urls.principal(found[id_].name), found[id_]) for id_ in ids if id_ in found]
    items: list[Item] = [(href, one) for href, one in named if one.id in told]
    hidden = [href for href, one in named if one.id not in told]
    levels = Proxy if isinstance(resource, (Home, Calendar, CalendarObject)) else ()
    groups = [(urls.proxy_group(owner.name, level), ProxyGroup(owner, level)) for level in levels]
    seen = Privilege.READ in effective(context.actor, ProxyGroup(owner, Proxy.READ), target.grants)
    if seen:
        return Selection([*items, *groups], missing=hidden), wanted
    return Selection(items, missing=[*hidden, *(href for href, _ in groups)]), wanted


def only_props(root: Element, wanted: Wanted) -> Wanted:
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


def _hits(search: Search, values: dict[str, list[str]]) -> list[bool]:
    """Whether each of its properties matches; what names none matches nobody."""
    compare = _MATCH_TYPES[search.match_type]
    return [
        any(compare(value, search.match) for value in values.get(name, []))
        for name in search.properties
    ] or [False]


def _values(context: Context, of: Principal) -> dict[str, list[str]]:
    urls = context.urls
    shown = of.display_name or of.name
    return {
        DAV + "displayname": [shown],
        CS + "first-name": [shown.rpartition(" ")[0]],
        CS + "last-name": [shown.rpartition(" ")[2]],
        CS + "email-address-set": list(of.addresses),
        CALDAV + "calendar-user-address-set": [
            *(f"mailto:{address}" for address in of.addresses),
            urls.principal(of.name),
            f"urn:uuid:{of.uuid}",
        ],
        CALDAV + "calendar-home-set": [] if of.is_group else [urls.home(of.name)],
        CALDAV + "calendar-user-type": [USER_TYPES[of.kind]],
    }
