"""Links by which outsiders read a calendar: made, listed, revoked, followed."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from caldavd.errors import Failed
from caldavd.ical.combine import TAIL
from caldavd.ical.feed import Feed
from caldavd.ical.freebusy import BusyPeriod
from caldavd.model import Collection, Kind, Mode, Window
from caldavd.service import freebusy, labels
from caldavd.store import ids, links, objects
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.links import Link

PAGE: Final = 200
"""Objects that are in memory at a time."""
MAX_LINKS: Final = 200
"""Of one owner."""
MAX_LABEL: Final = 200
USED_EVERY_S: Final = 3_600
"""How exactly the last use of a link is known."""
_SECRET_BYTES: Final = 24
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{22,64}", re.ASCII)


class Published(NamedTuple):
    """A link, and the calendar or home that it leads to."""

    link: Link
    collection: Collection


class Use(NamedTuple):
    """A link was followed, at an instant."""

    link_id: int
    at: int


def draw() -> str:
    """A new secret: 192 bits, fit for a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret. As it is as random as the digest, no salt is of use."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def add(
    tx: WriteTx, of: Collection, mode: Mode, label: str, secret: str, now: int
) -> Published:
    """Makes a link to a calendar, or, to busy time alone, of a home.

    Raises Failed: 400 for what cannot be published so, 409 for a label that is taken.
    """
    if of.kind == Kind.HOME.value and mode is not Mode.FREE_BUSY:
        raise Failed(400, "of all calendars together only busy time can be published")
    label = " ".join(label.split())
    if not label or len(label) > MAX_LABEL:
        raise Failed(400, f"a label has 1 to {MAX_LABEL} characters")
    held = await links.of(tx, of.owner_id)
    if len(held) >= MAX_LINKS:
        raise Failed(507, f"a user has at most {MAX_LINKS} links: remove one first")
    if any(link.label == label for link, _ in held):
        raise Failed(409, f"there is a link {label} already: remove it first, or say another label")
    new = Link(ids.new(), of.owner_id, of.id, label, int(mode), now, None)
    await links.add(tx, new, digest(secret))
    return Published(new, of)


async def free_label(tx: ReadTx, owner_id: int, wanted: str) -> str:
    """A label that no link of the owner has: the wanted one, with a number if it must be."""
    taken = {link.label for link, _ in await links.of(tx, owner_id)}
    label, number = wanted, 1
    while label in taken:
        number += 1
        label = f"{wanted} {number}"
    return label


async def all_(tx: ReadTx, owner_id: int) -> list[Published]:
    """An owner's links, oldest first."""
    return [Published(*one) for one in await links.of(tx, owner_id)]


async def remove(tx: WriteTx, owner_id: int, label: str) -> None:
    """Revokes a link: it leads nowhere at once. Raises Failed(404)."""
    if not await links.remove(tx, owner_id, label):
        raise Failed(404, f"there is no link {label}: `caldavd publish list` shows them")


async def find(tx: ReadTx, secret: str) -> Published | None:
    """What a secret leads to: one statement, which is all that a secret is compared by."""
    if _SECRET.fullmatch(secret) is None:
        return None
    found = await links.by_digest(tx, digest(secret))
    return None if found is None else Published(*found)


async def feed(tx: ReadTx, of: Published, pack: Callable[[str], bytes]) -> list[bytes]:
    """A published calendar, piece by piece, as those may see it who hold its link.

    `pack` makes octets of each piece; what it raises ends the work.
    """
    label = (await labels.of(tx, [of.collection]))[of.collection.id]
    made = Feed(busy_only=of.link.mode == Mode.BUSY)
    pieces = [pack(made.head(label.display_name, label.color))]
    after = ""
    while page := await objects.page(tx, of.collection.id, after, PAGE):
        texts = [text for _, text in page]
        pieces.append(await tx.offload(_packed, made, texts, pack))
        after = page[-1][0].name
    pieces.append(pack(TAIL))
    return pieces


def _packed(made: Feed, texts: Sequence[str], pack: Callable[[str], bytes]) -> bytes:
    return pack(made.add(texts))


async def busy(tx: ReadTx, of: Published, window: Window, limit: int) -> list[BusyPeriod]:
    """The busy time that is published. Raises Refused(NUMBER_OF_MATCHES)."""
    if of.collection.kind == Kind.HOME.value:
        owner_id = of.collection.owner_id
        return (await freebusy.of_users(tx, [owner_id], window, limit))[owner_id]
    return await freebusy.of_calendar(tx, of.collection, window, limit)


async def note(tx: WriteTx, uses: Sequence[Use]) -> None:
    """Writes when links were last used, each at most once an hour."""
    for use in sorted(uses):
        await links.used(tx, use.link_id, use.at, use.at - USED_EVERY_S)
