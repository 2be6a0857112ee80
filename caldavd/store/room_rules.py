"""What must hold of principals, and between rooms and principals."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, literal, or_, select

from caldavd.languages.codes import CODES
from caldavd.model import PrincipalKind
from caldavd.store.rooms import AUTOMATIC, EVERYBODY, MANUAL
from caldavd.store.rule import Rule, without
from caldavd.store.tables import principal, room

_KINDS: Final = [literal(PrincipalKind.ROOM.value), literal(PrincipalKind.RESOURCE.value)]
_POLICIES: Final = [literal(AUTOMATIC), literal(MANUAL)]
_who: Final = principal.alias("who")

ROOMS: Final = (
    Rule(
        "language that there is not",
        select(principal.c.id, principal.c.name, principal.c.language).where(
            principal.c.language.not_in([literal(code) for code in CODES])
        ),
        "principal {0} ({1}) has the language {2}, which there is not",
    ),
    Rule(
        "room without policy",
        without(
            principal,
            room,
            and_(
                room.c.principal_id == principal.c.id,
                room.c.policy.in_(_POLICIES),
            ),
            principal.c.id,
            principal.c.name,
        ).where(principal.c.kind.in_(_KINDS)),
        "nothing, or nothing known, is said of how principal {0} ({1}) answers who invites it",
    ),
    Rule(
        "room that is none, or that nobody can book",
        select(room.c.principal_id, room.c.bookers_id)
        .select_from(
            room.outerjoin(
                principal,
                and_(principal.c.id == room.c.principal_id, principal.c.kind.in_(_KINDS)),
            ).outerjoin(_who, _who.c.id == room.c.bookers_id)
        )
        .where(
            or_(
                principal.c.id.is_(None),
                and_(room.c.bookers_id != EVERYBODY, _who.c.id.is_(None)),
            )
        ),
        "principal {0}, which {1} may book, is no room or resource, or {1} does not exist",
    ),
)
