"""Whose calendar user addresses are: for many of them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import literal_column, select, union_all

from caldavd.model import PrincipalKind
from caldavd.store.engine import ReadTx, Row
from caldavd.store.statement import In
from caldavd.store.tables import address, principal

_BY_MAIL: Final = (
    select(literal_column("0"), address.c.address, principal.c.id, principal.c.kind)
    .join_from(address, principal, principal.c.id == address.c.principal_id)
    .where(In(address.c.address, "mails"))
)
_BY_NAME: Final = select(
    literal_column("1"), principal.c.name, principal.c.id, principal.c.kind
).where(In(principal.c.name, "names"))
_BY_MAIL_OR_NAME: Final = union_all(_BY_MAIL, _BY_NAME)
# No index leads there: not asked with the others, as few clients write these.
_BY_UUID: Final = select(
    literal_column("2"), principal.c.uuid, principal.c.id, principal.c.kind
).where(In(principal.c.uuid, "uuids"))


class Identity(NamedTuple):
    """A principal, as far as an address tells."""

    id: int
    kind: PrincipalKind


@dataclass(frozen=True, slots=True)
class Identities:
    """Principals by what was looked for."""

    by_mail: Mapping[str, Identity] = field(default_factory=dict)
    by_name: Mapping[str, Identity] = field(default_factory=dict)
    by_uuid: Mapping[str, Identity] = field(default_factory=dict)


async def of(
    tx: ReadTx, mails: Collection[str], names: Collection[str], uuids: Collection[str]
) -> Identities:
    """The principals of these mail addresses (lower case), names and UUIDs, in two statements.

    In one where there are no UUIDs, or nothing else. What leads to nobody is left out.
    """
    rows: list[Row] = []
    if mails or names:
        rows += await tx.all(_BY_MAIL_OR_NAME, mails=list(mails), names=list(names))
    if uuids:
        rows += await tx.all(_BY_UUID, uuids=list(uuids))
    found: tuple[dict[str, Identity], ...] = ({}, {}, {})
    for what, value, id_, kind in rows:
        found[what][value] = Identity(id_, PrincipalKind(kind))
    return Identities(*found)
