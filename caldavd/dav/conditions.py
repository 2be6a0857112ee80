"""Conditional requests, decided on the locked state (RFC 9110 §13, RFC 4918 §10.4)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from caldavd.errors import Failed

_ETAG: Final = re.compile(r'(W/)?("[^"]*"|[^\s,"]+)')
_IF_PART: Final = re.compile(
    r"\s*(?:<(?P<tag>[^>]*)>|\((?P<list>(?:[^()\"]|\"[^\"]*\")*)\))", re.DOTALL
)
_IF_TERM: Final = re.compile(r"\s*(?P<no>Not\s+)?(?:<(?P<token>[^>]*)>|\[(?P<etag>[^\]]*)\])", re.I)

MAX_HEADER: Final = 16_000
MAX_LISTS: Final = 50
"""Lists in an If header: each may name another resource, looked up while others wait to write."""


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
    """What a request demands of the state that it changes or reads."""

    if_match: str | None = None
    if_none_match: str | None = None
    lists: tuple[IfList, ...] = ()
    unmodified_since: int | None = None
    """Epoch seconds; None where If-Match or something that is no date makes it void."""
    modified_since: int | None = None
    if_schedule_tag_match: str | None = None
    """Of a write (RFC 6638 §8.3)."""

    @property
    def empty(self) -> bool:
        return self == NONE

    @property
    def submitted(self) -> frozenset[str]:
        """The state tokens of an If header: named is submitted, true or not (RFC 4918 §10.4.1)."""
        terms = (term for one in self.lists for term in one.terms)
        return frozenset(term.value for term in terms if not term.is_etag)


NONE: Final = Conditions()
_HEADERS: Final = (
    "If-None-Match",
    "If-Match",
    "If",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Schedule-Tag-Match",
)


@dataclass(frozen=True, slots=True)
class State:
    """What conditions are about. Whatever is nowhere has neither tag nor tokens nor a time."""

    exists: bool = False
    tag: str | None = None
    """Without quotes."""
    tokens: frozenset[str] = frozenset()
    """State tokens: of synchronisation (RFC 6578 §5) and of locks (RFC 4918 §6.5)."""
    modified_at: int | None = None
    schedule_tag: str | None = None
    """Without quotes."""


StateOf = Callable[[str | None], Awaitable[State]]
"""The state at a URL of an If header, or of the target for None."""


def parse(headers: Mapping[str, str]) -> Conditions:
    """The conditions in a request's headers. Raises Failed(400) for an If header without sense."""
    if not any(name in headers for name in _HEADERS):
        return NONE
    if_match, if_none_match = headers.get("If-Match"), headers.get("If-None-Match")
    return Conditions(
        if_match,
        if_none_match,
        _lists(headers.get("If")),
        _date(headers.get("If-Unmodified-Since")) if if_match is None else None,
        _date(headers.get("If-Modified-Since")) if if_none_match is None else None,
        headers.get("If-Schedule-Tag-Match"),
    )


async def require(conditions: Conditions, state_of: StateOf) -> None:
    """Raises Failed(412) if the state does not meet the conditions of a write."""
    if conditions.empty:
        return
    state = await state_of(None)
    none_match = conditions.if_none_match
    if none_match is not None and _listed(none_match, state, weak=True):
        raise _failed("there is an object already, or it has the state that you excluded")
    tag = conditions.if_schedule_tag_match
    if tag is not None and tag.strip().strip('"') != state.schedule_tag:
        raise _failed("the meeting was changed meanwhile: load it again")
    await require_for_reading(conditions, state_of)


async def require_for_reading(conditions: Conditions, state_of: StateOf) -> None:
    """Raises Failed(412) where a write or a read may not go on; see also `not_modified`."""
    if conditions.empty:
        return
    state = await state_of(None)
    if conditions.if_match is not None and not _listed(conditions.if_match, state):
        raise _failed("the object is not in the state that your request expects: load it again")
    since = conditions.unmodified_since
    if since is not None and state.modified_at is not None and state.modified_at > since:
        raise _failed("the object was modified since: load it again")
    if conditions.lists and not await _any_list(conditions.lists, state_of):
        raise _failed("no list of your If header holds: load the resource again")


def not_modified(conditions: Conditions, state: State) -> bool:
    """Whether a GET may be answered with 304 (RFC 9110 §13.1.2, §13.1.3)."""
    if conditions.if_none_match is not None:
        return _listed(conditions.if_none_match, state, weak=True)
    since = conditions.modified_since
    return since is not None and state.modified_at is not None and state.modified_at <= since


def _listed(header: str, state: State, *, weak: bool = False) -> bool:
    """Whether a state is one of those in a list; `*` is any. Some clients leave the quotes out.

    By strong comparison, or by the weak one that If-None-Match wants (RFC 9110 §8.8.3.2).
    """
    return any(
        state.exists if (mark, opaque) == ("", "*") else opaque.strip('"') == state.tag
        for mark, opaque in _ETAG.findall(header)
        if weak or not mark
    )


async def _any_list(lists: tuple[IfList, ...], state_of: StateOf) -> bool:
    for one in lists:
        state = await state_of(one.tag)
        if all(_holds(term, state) for term in one.terms):
            return True
    return False


def _holds(term: Term, state: State) -> bool:
    present = _listed(term.value, state) if term.is_etag else term.value in state.tokens
    return present != term.negated


def _date(header: str | None) -> int | None:
    """Epoch seconds of an HTTP date; what is none is to be ignored."""
    if header is None:
        return None
    try:
        return int(parsedate_to_datetime(header).timestamp())
    except (ValueError, OverflowError):
        return None


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
    if len(lists) > MAX_LISTS:
        raise Failed(400, f"the If header has more than {MAX_LISTS} lists")
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
