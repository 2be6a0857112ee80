"""Users of one server whose clients work on one meeting, and two processes that deliver.

Clients send requests, processes claim tasks and do them: in the order in which each has them, but
one now and the other later. A process that forgets what it claimed leaves it to whoever claims it
once the lease is over; one that is slow does what another has done since.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeAlias

from caldavd.dav.server import Server
from caldavd.errors import Failed
from caldavd.ical.contentline import read
from caldavd.service import named
from caldavd.service.letter import Letter
from caldavd.service.routes import Rules
from caldavd.store import tasks
from caldavd.store.engine import Database, WriteTx
from caldavd.store.tasks import Task
from caldavd.workers.deliver import LEASE_S, Deliverer
from tests.property import itip_clients as clients
from tests.property.itip_clients import DELEGATE, ORGANIZER, OTHERS
from tests.property.itip_world import Seen, seen
from tests.protocol.client import Client, NamesAsPasswords
from tests.protocol.conftest import add_user
from tests.protocol.meetings import unfolded
from tests.protocol.mirror import Mirror

EVERYBODY: Final = (ORGANIZER, *OTHERS, DELEGATE)
CALENDARS: Final = ("calendar", "other")
BEGIN: Final = 1_800_000_000
_STAMPS: Final = re.compile(r"^(?:DTSTAMP|LAST-MODIFIED|X-CALDAVD-).*\r\n", re.MULTILINE)
_SAID: Final = re.compile(r"^ATTENDEE.*?:(mailto:.*)$", re.MULTILINE)
_ANSWERED: Final = re.compile(r'(?:PARTSTAT|DELEGATED-TO|DELEGATED-FROM)=(?:"[^"]*"|[^;:]*)')

Step: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Somebody's object as a client has read it."""

    href: str
    text: str
    tag: str


@dataclass(slots=True)
class Held:
    """A task that a process has claimed."""

    task: Task
    letter: Letter | None


@dataclass
class World:
    """The users of one meeting; a number makes them others than those of the world before."""

    db: Database
    number: int
    now: int = BEGIN
    hands: tuple[list[Held], list[Held]] = field(default_factory=lambda: ([], []))
    read: dict[str, Copy] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    """Whose copy need not agree: they removed it and told nobody, or restored one they removed."""
    alarmed: set[str] = field(default_factory=set)
    """Who has set an alarm of their own in a copy that is still there."""
    mirrors: list[Mirror] = field(default_factory=list)
    delivered: int = 0

    def __post_init__(self) -> None:
        self.rules = Rules(domain="example.com")
        server = Server(self.db, NamesAsPasswords(self.db), clock=self.clock)
        self.server = replace(server, scheduling=True, rules=self.rules)
        self.deliverer = Deliverer(self.db, self.rules, self.clock)
        self.clients = {who: Client(self.server, f"{who}{self.number}") for who in EVERYBODY}

    def clock(self) -> int:
        return self.now

    async def begin(self, text: str, invited: bool) -> None:
        """Everybody has a second calendar, and ann a meeting."""
        for who, client in self.clients.items():
            await add_user(self.db, f"{who}{self.number}@example.com", who)
            client.name = f"{who}{self.number}@example.com"
            await client("MKCALENDAR", f"{client.home}other/")
            paths = [*CALENDARS, "inbox"]
            self.mirrors += (Mirror(client, f"{client.home}{path}/", 3) for path in paths)
        await self.put(ORGANIZER, f"{self.clients[ORGANIZER].home}calendar/m.ics", text)
        if invited:
            await self.drain()

    # --- What clients do ---

    async def copies(self, who: str) -> list[Copy]:
        """Somebody's objects of the meeting, in all calendars."""
        found: list[Copy] = []
        for calendar in CALENDARS:
            client = self.clients[who]
            listed = await client.propfind(f"{client.home}{calendar}/", "D:getetag", depth="1")
            for href in listed.hrefs[1:] if listed.status == 207 else ():
                got = await client("GET", href)
                tag = got.headers.get("Schedule-Tag", "")
                found.append(Copy(href, self._shown(got.text), tag))
        return found

    async def put(self, who: str, href: str, text: str, tag: str = "") -> int:
        """A client writes; the status. On 412 it reads again."""
        headers = {"If_Schedule_Tag_Match": tag} if tag else {}
        answer = await self.clients[who].put(href, self._sent(text), **headers)
        if answer.status == 412:
            self.read.pop(who, None)
        return answer.status

    async def act(self, who: str, act: str, number: int, *, stale: bool) -> None:
        """What a client makes of its copy, or of what it had read of it before."""
        found = await self.copies(who)
        if not found:
            return
        of = found[0]
        known = self.read.get(who)
        stale = stale and known is not None and known.href == of.href
        if stale and known is not None:
            of = known
        else:
            self.read[who] = of
        client = clients.Client(of.text, who, number)
        if act == "alarm":
            _set_alarm(client)
        else:
            acts = clients.ORGANIZER_ACTS if who == ORGANIZER else clients.ATTENDEE_ACTS
            acts[act](client)
        status = await self.put(who, of.href, client.text(), of.tag if stale else "")
        if status < 300:
            (self.alarmed.add if f"alarm of {who}" in client.text() else self.alarmed.discard)(who)

    async def elsewhere(self, who: str, do: str) -> None:
        """What a client does to its copy as a whole."""
        for of in (await self.copies(who))[:1]:
            client = self.clients[who]
            if do == "move":
                to = CALENDARS[f"{client.home}calendar/" in of.href]
                await client("MOVE", of.href, Destination=f"{client.home}{to}/moved.ics")
                return
            silent = {"Schedule_Reply": "F"} if do == "delete silently" else {}
            gone = await client("DELETE", of.href, **silent)
            assert gone.status == 204
            self.alarmed.discard(who)
            if silent and who != ORGANIZER:
                self.silent.add(who)

    async def trash(self, who: str) -> None:
        """Removes the second calendar, with what is in it."""
        client = self.clients[who]
        if any("/other/" in one.href for one in await self.copies(who)):
            self.alarmed.discard(who)
        await client("DELETE", f"{client.home}other/")

    async def restore(self, who: str) -> None:
        """Takes the second calendar out of the trash; its meetings are told to nobody."""

        async def work(tx: WriteTx) -> None:
            owner = await named.account(tx, str(self.clients[who].name))
            await named.restore(tx, owner, "other", self.now)

        with suppress(Failed):
            await self.db.write(work)
        if any("/other/" in one.href for one in await self.copies(who)):
            self.silent.update(EVERYBODY if who == ORGANIZER else (who,))

    # --- What processes do ---

    async def claim(self, process: int) -> None:
        """A process takes what is due."""
        for kind in (tasks.ITIP, "refresh"):
            claim = partial(tasks.claim, kind=kind, now=self.now, lease_s=LEASE_S, limit=3)
            found = await self.db.write(claim)
            wanted = [one.message_id for one in found if one.message_id is not None]
            messages = await self.db.read(partial(tasks.messages, ids_=wanted)) if wanted else {}
            for one in found:
                message = messages.get(one.message_id or 0)
                letter = None if message is None else Letter(message)
                self.hands[process].append(Held(one, letter))

    async def work(self, process: int) -> None:
        """A process does the first of what it has claimed, or claims now."""
        if not self.hands[process]:
            await self.claim(process)
        if self.hands[process]:
            held = self.hands[process].pop(0)
            self.delivered += 1
            before = {who: await self.copies(who) for who in EVERYBODY}
            await self.db.write(partial(self.deliverer._do, of=held.task, letter=held.letter))
            for who in EVERYBODY:
                _check_tags(who, before[who], await self.copies(who))

    async def drain(self) -> None:
        """All that is due is done, and what follows from it."""
        for hand in self.hands:
            hand.clear()
        for _ in range(4):
            self.now += LEASE_S + 1
            await self.deliverer.work()

    # --- What is left ---

    async def disagreements(self) -> list[str]:
        """What is not as it should be once nothing is on its way."""
        found = [f"left: {one}" for one in await self.db.read(tasks.counts)]
        organizers = await self.copies(ORGANIZER)
        for who in (*OTHERS, DELEGATE):
            mine = await self.copies(who)
            if who in self.silent:
                continue
            if len(mine) > 1:
                found.append(f"{who} has it twice")
            theirs = seen(organizers[0].text, who) if organizers else {}
            found += _differences(who, theirs, seen(mine[0].text, who) if mine else {})
            found += self._lost(who, mine)
        for mirror in self.mirrors:
            await mirror.catch_up()
            if mirror.known != await listing(mirror):
                found.append(f"{mirror.path} is not what was synchronised")
        return found

    def _lost(self, who: str, mine: list[Copy]) -> list[str]:
        """Alarms that are gone, or were told to others."""
        masters = [part for one in mine for part in clients.Client(one.text, who, 0).parts[:1]]
        alarms = [f"alarm of {who}" in one.text for one in mine]
        found = [f"{who} lost an alarm" for _ in masters if who in self.alarmed and not any(alarms)]
        others = (f"alarm of {other}" for other in EVERYBODY if other != who)
        return found + [
            f"{who} has an {other}" for other in others for one in mine if other in one.text
        ]

    def _shown(self, text: str) -> str:
        """A text of this world as `itip_clients` has it: `ann@example.com` for ann7's address."""
        return unfolded(text).replace(f"{self.number}@example.com", "@example.com")

    def _sent(self, text: str) -> str:
        return unfolded(text).replace("@example.com", f"{self.number}@example.com")


async def listing(mirror: Mirror) -> dict[str, str]:
    """Entity tags by href, as a PROPFIND shows them; nothing where nothing is."""
    answer = await mirror.client.propfind(mirror.path, "D:getetag", depth="1")
    if answer.status == 404:
        return {}
    return {
        href: str(answer.props(href)["{DAV:}getetag"][1].text)
        for href in answer.hrefs
        if href != mirror.path
    }


def _differences(who: str, theirs: Seen, mine: Seen) -> list[str]:
    """What an attendee's copy says differently; what was declined may be gone from it."""
    found = [f"{key}: only {who} has it" for key in mine.keys() - theirs.keys()]
    for key, told in theirs.items():
        people = told[-1]
        assert isinstance(people, dict)
        if key in mine and mine[key] != told:
            found.append(f"{who} {key}: {told} is {mine[key]}")
        if key not in mine and people[clients.address(who)][0] != "DECLINED":
            found.append(f"{who} {key}: {told} is not there")
    return found


def _check_tags(who: str, before: list[Copy], after: list[Copy]) -> None:
    """A Schedule-Tag changes if more than others' answers did, and only then (RFC 6638 §3.2.10)."""
    was = {one.href: one for one in before}
    for new in after:
        old = was.get(new.href)
        if old is None or not old.tag:
            continue
        if who == ORGANIZER or _essence(old, who) == _essence(new, who):
            assert old.tag == new.tag
        elif _shape(old, who) != _shape(new, who):
            assert old.tag != new.tag


def _essence(of: Copy, who: str) -> str:
    """The text without stamps and without what others answered."""

    def other(line: re.Match[str]) -> str:
        if line[1].strip() != clients.address(who):
            return f"ATTENDEE:{line[1]}"
        return " ".join(sorted(_ANSWERED.findall(line[0])))

    return _SAID.sub(other, _STAMPS.sub("", unfolded(of.text)))


def _shape(of: Copy, who: str) -> object:
    """When what takes place, who is asked to it, and the own answer."""
    found: dict[str, object] = {}
    for key, told in seen(of.text, who).items():
        people = told[-1]
        assert isinstance(people, dict)
        found[key] = (told[:-1], frozenset(people), people[clients.address(who)])
    return found


def _set_alarm(client: clients.Client) -> None:
    text = (
        f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:alarm of {client.who}\r\n"
    )
    for part in client.parts:
        part.components = [*read(text + "END:VALARM\r\n")]
