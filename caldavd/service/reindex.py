"""Index objects anew: before their index ends, and when what it was computed with has changed.

Nothing here changes an object: entity tag, revision, sync token and time of modification stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Final

from caldavd.ical import available, byreference, parse, timezone
from caldavd.ical.index import RULES, Index, index
from caldavd.model import Stored
from caldavd.store import check, collections, indexing, occurrence_rows
from caldavd.store.check import Indexed
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.indexing import Held

DAY_S: Final = 86_400
NEAR_S: Final = 400 * DAY_S
"""An index that ends sooner than this is made anew; a new one reaches `index.HORIZON_S`."""
EVERY_S: Final = DAY_S
"""How often the ends of all indexes are looked at. What cannot reach farther is not asked again."""
HELD_S: Final = 120
"""After how long without a sign of life others take on the work of whoever is at it."""
GROUP_OBJECTS: Final = 32
GROUP_BYTES: Final = 256 * 1024
"""Texts that are read and computed with at a time."""
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_TZID: Final = re.compile("TZID", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Version:
    """What an index is computed with."""

    rules: int
    """`index.RULES`."""
    zones: str
    """The name of a zone database."""


@dataclass(frozen=True, slots=True)
class State:
    """How far the index of all objects is. It is kept in one setting, which is swapped whole."""

    version: Version | None = None
    """What every row is computed with; None: nobody knows."""
    target: Version | None = None
    """What rows are being computed with instead, in order of ids."""
    after: int = 0
    """The last object that was: the next one has a higher id."""
    looked_at: int = 0
    """When the ends of all indexes were looked at."""
    holder: str = ""
    """Who is at work, and until when others leave the work to them."""
    held_until: int = 0

    def rebuilds(self, present: Version) -> bool:
        """Whether objects have to be indexed with `present` that were not yet."""
        return self.version != present


@dataclass(frozen=True, slots=True)
class Noted:
    """A State, and its text as it was found."""

    state: State
    text: str | None


class Outcome(Enum):
    """What became of one object."""

    CHANGED = "changed"
    SAME = "same"
    OVERTAKEN = "overtaken"
    """Somebody changed, moved or removed it: whoever did has indexed it."""
    FAILED = "failed"
    """Its text cannot be read; its index stays as it was."""


@dataclass(frozen=True, slots=True)
class Due:
    """An object to be indexed, and what its index holds."""

    held: Held
    rows: frozenset[tuple[int, int, bool, int]]


@dataclass(frozen=True, slots=True)
class Made:
    """An object and its index as it must be; None: it may stay, or `fault` says why not."""

    stored: Stored
    index: Index | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many objects wait to be indexed anew."""

    noted: State
    objects: int
    """All that there are, while they are computed anew."""
    rebuild: int
    """Those that are not yet computed with what is present now."""
    near: int
    """Those whose index ends within NEAR_S, some because it cannot reach farther."""


def present(zones: str) -> Version:
    """What this process computes with, `zones` being the name of its zone database."""
    return Version(RULES, zones)


# --- How far it is ---


async def noted(tx: ReadTx) -> Noted:
    """How far the index is; of a text that cannot be read, nothing is known."""
    text = await indexing.state(tx)
    try:
        return Noted(_state(json.loads(text or "{}")), text)
    except (ValueError, TypeError, AttributeError):
        return Noted(State(), text)


async def note(tx: WriteTx, before: Noted, state: State) -> Noted | None:
    """Notes how far the index is; None if somebody else did so in between."""
    text = json.dumps(asdict(state), sort_keys=True)
    return Noted(state, text) if await indexing.swap_state(tx, before.text, text) else None


def _state(values: dict[str, Any]) -> State:
    for name in ("version", "target"):
        if values.get(name) is not None:
            values[name] = Version(**values[name])
    return State(**values)


async def waiting(tx: ReadTx, with_: Version, now: int) -> Waiting:
    """How many objects wait at this moment."""
    objects = rebuild = 0
    up_to = await rebuilt_up_to(tx, with_)
    if up_to is not None:
        objects, rebuild = await indexing.count(tx, 0), await indexing.count(tx, up_to)
    near = await indexing.count_near(tx, now + NEAR_S)
    return Waiting((await noted(tx)).state, objects, rebuild, near)


async def rebuilt_up_to(tx: ReadTx, with_: Version) -> int | None:
    """The id after which objects are still to be computed with that version; None: none are."""
    state = (await noted(tx)).state
    if not state.rebuilds(with_):
        return None
    return state.after if state.target == with_ else 0


# --- What has to be done ---


def groups(page: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Ids in groups that are read and computed with at a time, of (id, size in bytes)."""
    group: list[int] = []
    total = 0
    for id_, size in page:
        if group and (len(group) == GROUP_OBJECTS or total + size > GROUP_BYTES):
            yield group
            group, total = [], 0
        group.append(id_)
        total += size
    if group:
        yield group


async def due(tx: ReadTx, ids: Sequence[int]) -> list[Due]:
    """Those objects, with what their index holds."""
    found = await indexing.held(tx, ids)
    rows = await check.indexed(tx, [one.stored.id for one in found])
    return [Due(one, rows[one.stored.id].rows) for one in found]


def make(one: Due, now: int, *, zones_alone: bool) -> Made:
    """The index of an object as it must be, if it is not so. Pure, and slow.

    `zones_alone`: nothing but the zone database is new.
    """
    stored = one.held.stored
    near = one.held.bounds[1] is not None and one.held.bounds[1] < now + NEAR_S
    if zones_alone and not near and not _names_zones(one.held.text):
        return Made(stored, None)
    try:
        made = index(parse.stored(one.held.text), now)
    except Exception as error:  # a text of any time, read by code of today: none may stop us
        # Its words may quote the text, which is nothing for a log.
        return Made(stored, None, type(error).__name__)
    fresh = indexed(made)
    reaches_as_far = one.held.bounds == (fresh.indexed_from, fresh.indexed_until)
    if agrees(Indexed(*one.held.bounds, one.rows), fresh) and (reaches_as_far or not near):
        return Made(stored, None)
    return Made(stored, made)


def _names_zones(text: str) -> bool:
    """Whether a text names any time zone, perhaps across a fold."""
    return _TZID.search(_FOLD.sub("", text)) is not None


def indexed(made: Index) -> Indexed:
    """An index as the store has it."""
    return Indexed(made.indexed_from, made.indexed_until, frozenset(made.occurrences))


def agrees(held: Indexed, made: Indexed) -> bool:
    """Whether every row held is right, and none is missing as far as the index claims to reach."""
    return held.rows <= made.rows and all(
        row in held.rows
        for row in made.rows
        if (held.indexed_from is None or row[1] > held.indexed_from)
        and (held.indexed_until is None or row[0] < held.indexed_until)
    )


async def write(tx: WriteTx, made: Made) -> Outcome:
    """Gives an object its new index, unless somebody changed it since its text was read."""
    assert made.index is not None
    await collections.lock(tx, made.stored.collection_id)
    bounds = (made.index.indexed_from, made.index.indexed_until)
    if not await indexing.set_bounds(tx, made.stored, bounds):
        return Outcome.OVERTAKEN
    await occurrence_rows.replace(tx, made.stored, made.index.occurrences, fresh=False)
    return Outcome.CHANGED


# --- Who does it ---


def taken(state: State, with_: Version, holder: str, now: int) -> State | None:
    """The state with what is due taken on by `holder`; None: nothing is, or somebody is at it."""
    if state.holder != holder and state.held_until > now:
        return None
    mine = replace(state, holder=holder, held_until=now + HELD_S)
    if not state.rebuilds(with_):
        return mine if now - state.looked_at >= EVERY_S else None
    if state.target == with_:
        return mine
    # Where another rebuild was left half way, nobody knows what rows are computed with.
    version = state.version if state.target is None else None
    return replace(mine, version=version, target=with_, after=0)


def everything_anew(state: State) -> State:
    """The state in which all objects wait."""
    return replace(state, version=None, target=None, after=0)


def forget_zones() -> None:
    """Lets this process read the zone database anew."""
    timezone.forget()
    byreference.forget()
    available.forget()
