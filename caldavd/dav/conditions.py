"""If-Match, If-None-Match and If, decided on the locked state (RFC 9110 §13, RFC 4918 §10.4)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from caldavd.errors import Failed
from caldavd.model import Calendar, CalendarObject, Home, Resource
from caldavd.service import sync

_ETAG: Final = re.compile(r'\s*((?:W/)?"[^"]*"|[^\s,"]+)\s*(?:,|$)')
_IF_PART: Final = re.compile(
    r"\s*(?:<(?P<tag>[^>]*)>|\((?P<list>(?:[^()\"]|\"[^\"]*\")*)\))", re.DOTALL
)
_IF_TERM: Final = re.compile(r"\s*(?P<no>Not\s+)?(?:<(?P<token>[^>]*)>|\[(?P<etag>[^\]]*)\])", re.I)

MAX_HEADER: Final = 16_000


@dataclass(frozen=True, slots=True)
class Term:
    """One condition in an If list: a state token or an entity tag, perhaps negated."""

    value: str
    is_etag: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class IfList:
    """Terms that must all hold for one resource; None: the one of the request."""

    tag: str | None
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request demands of the state it changes."""

    if_match: str | None = None
    if_none_match: str | None = None
    lists: tuple[IfList, ...] = ()

    @property
    def empty(self) -> bool:
        return self.if_match is None and self.if_none_match is None and not self.lists


Resolver = Callable[[str], Awaitable[Resource | None]]
"""What a tagged URL of an If header leads to; None where it leads nowhere."""


def parse(headers: Mapping[str, str]) -> Conditions:
    """The conditions in a request's headers. Raises Failed(400) for an If header without sense."""
    return Conditions(
        headers.get("If-Match"), headers.get("If-None-Match"), _lists(headers.get("If"))
    )


def state(resource: Resource) -> tuple[str | None, frozenset[str]]:
    """A resource's entity tag without quotes, and its state tokens (RFC 6578 §5)."""
    match resource:
        case CalendarObject(stored=stored):
            return stored.etag, frozenset()
        case Calendar(collection) | Home(collection):
            tag = f"{collection.incarnation:x}-{collection.revision:x}"
            return tag, frozenset({sync.token(collection)})
    return None, frozenset()


async def require(conditions: Conditions, resource: Resource, resolver: Resolver) -> None:
    """Raises Failed(412) if the state does not meet the conditions."""
    if conditions.empty:
        return
    tag, _ = state(resource)
    if not _matches(conditions, tag):
        raise _failed("the object is not in the state that your request expects: load it again")
    if conditions.lists and not await _any_list(conditions.lists, resource, resolver):
        raise _failed("no list of your If header holds: load the resource again")


def not_modified(conditions: Conditions, tag: str) -> bool:
    """Whether a GET may be answered with 304: by weak comparison, as a proxy may have marked it."""
    header = conditions.if_none_match
    return header is not None and _listed(header.replace("W/", ""), tag)


def holds_for_reading(conditions: Conditions, tag: str) -> bool:
    """Whether a GET meets its If-Match, if it has one."""
    return conditions.if_match is None or _listed(conditions.if_match, tag)


def _matches(conditions: Conditions, tag: str | None) -> bool:
    if conditions.if_match is not None and not _listed(conditions.if_match, tag):
        return False
    return conditions.if_none_match is None or not _listed(conditions.if_none_match, tag)


def _listed(header: str, tag: str | None) -> bool:
    """Strong comparison; `*` is any state that exists. Some clients leave the quotes out."""
    if tag is None:
        return False
    if header.strip() == "*":
        return True
    return any(found.strip('"') == tag for found in _ETAG.findall(header))


async def _any_list(lists: tuple[IfList, ...], resource: Resource, resolver: Resolver) -> bool:
    for one in lists:
        found = resource if one.tag is None else await resolver(one.tag)
        tag, tokens = (None, frozenset()) if found is None else state(found)
        if all(_holds(term, tag, tokens) for term in one.terms):
            return True
    return False


def _holds(term: Term, tag: str | None, tokens: frozenset[str]) -> bool:
    present = _listed(term.value, tag) if term.is_etag else term.value in tokens
    return present != term.negated


def _lists(header: str | None) -> tuple[IfList, ...]:
    if header is None:
        return ()
    if len(header) > MAX_HEADER:
        raise Failed(400, f"the If header is longer than {MAX_HEADER} characters")
    lists: list[IfList] = []
    tag: str | None = None
    place = 0
    while place < len(header.rstrip()):
        match = _IF_PART.match(header, place)
        if match is None:
            raise _malformed()
        place = match.end()
        if match["list"] is None:
            tag = match["tag"]
        else:
            lists.append(IfList(tag, _terms(match["list"])))
    if not lists:
        raise _malformed()
    return tuple(lists)


def _terms(text: str) -> tuple[Term, ...]:
    terms: list[Term] = []
    place = 0
    while place < len(text.rstrip()):
        match = _IF_TERM.match(text, place)
        if match is None:
            raise _malformed()
        place = match.end()
        is_etag = match["etag"] is not None
        value = match["etag"] if is_etag else match["token"]
        terms.append(Term(value, is_etag, match["no"] is not None))
    if not terms:
        raise _malformed()
    return tuple(terms)


def _malformed() -> Failed:
    return Failed(400, "the If header is not one of RFC 4918 §10.4")


def _failed(reason: str) -> Failed:
    return Failed(412, reason)
