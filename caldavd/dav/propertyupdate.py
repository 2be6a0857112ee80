"""propertyupdate, mkcalendar and mkcol bodies to settings, all or none (RFC 4918 §9.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from caldavd.acl.privileges import Privilege
from caldavd.dav.property import Table
from caldavd.errors import CANNOT_MODIFY_PROTECTED, Failed, Refused
from caldavd.names import DAV
from caldavd.service.set_properties import Setting
from caldavd.xml import write
from caldavd.xml.parse import Element, elements, serialized

MAX_DEAD_BYTES: Final = 1 << 20
MAX_INSTRUCTIONS: Final = 1_000


class Instruction(NamedTuple):
    """One property to set, with its new element, or to remove."""

    name: str
    element: Element | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one property; `error` is the content of a DAV:error."""

    name: str
    status: int
    error: str = ""
    settings: tuple[Setting, ...] = ()


def instructions(root: Element) -> tuple[Instruction, ...]:
    """The instructions of a body in document order. Raises Failed(400)."""
    found = tuple(_instructions(root))
    if len(found) > MAX_INSTRUCTIONS:
        raise Failed(400, f"more than {MAX_INSTRUCTIONS} properties are set at once")
    return found


def _instructions(root: Element) -> Iterator[Instruction]:
    for action in elements(root):
        if action.tag not in (DAV + "set", DAV + "remove"):
            continue
        for prop in elements(action):
            if prop.tag != DAV + "prop":
                continue
            for element in elements(prop):
                given = element if action.tag == DAV + "set" else None
                yield Instruction(str(element.tag), given)


def decide(
    table: Table, on: type, privileges: Privilege, wanted: Iterable[Instruction]
) -> list[Outcome]:
    """What each instruction comes to. If one fails, all the others are 424."""
    return all_or_none([_decide(table, on, privileges, one) for one in wanted])


def all_or_none(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes as they are told: if one failed, nothing is done (RFC 4918 §9.2)."""
    if all(outcome.status == 200 for outcome in outcomes):
        return outcomes
    return [
        Outcome(outcome.name, 424) if outcome.status == 200 else outcome for outcome in outcomes
    ]


def _decide(table: Table, on: type, privileges: Privilege, one: Instruction) -> Outcome:
    row = table.of(on).get(one.name)
    if row is not None and row.set is None:
        return Outcome(one.name, 403, write.element(CANNOT_MODIFY_PROTECTED.element))
    own = row is not None and row.own
    if (Privilege.READ if own else Privilege.WRITE_PROPERTIES) not in privileges:
        return Outcome(one.name, 403, write.element(DAV + "need-privileges"))
    if one.element is None:
        names = (one.name, row.twin) if row is not None and row.twin else (one.name,)
        return Outcome(one.name, 200, settings=tuple(Setting(name, None, own) for name in names))
    if row is None or row.set is None:
        return _dead(one.name, one.element)
    try:
        updates = row.set(one.element)
    except Refused as refused:
        return Outcome(one.name, refused.condition.status, write.element(refused.condition.element))
    except Failed as failed:
        return Outcome(one.name, failed.status)
    settings = tuple(Setting(name, value, own) for name, value in updates)
    return Outcome(one.name, 200, settings=settings)


def _dead(name: str, element: Element) -> Outcome:
    """A property that the server knows nothing of is kept as it is (RFC 4918 §4.3)."""
    value = serialized(element)
    if len(value) > MAX_DEAD_BYTES:
        return Outcome(name, 507)
    return Outcome(name, 200, settings=(Setting(name, value, own=False),))


def settings(outcomes: Sequence[Outcome]) -> list[Setting]:
    """Everything to store, in order."""
    return [setting for outcome in outcomes for setting in outcome.settings]


def propstats(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as propstats, grouped by status and error; the properties are empty."""
    groups: dict[tuple[int, str], list[str]] = {}
    for outcome in outcomes:
        name = write.element(outcome.name)
        found = groups.setdefault((outcome.status, outcome.error), [])
        if name not in found:
            found.append(name)
    return "".join(
        f"<D:propstat><D:prop>{''.join(names)}</D:prop>{write.status_line(status)}"
        f"{write.element(DAV + 'error', error) if error else ''}</D:propstat>"
        for (status, error), names in groups.items()
    )
