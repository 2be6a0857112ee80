"""A small database with something of everything, written by the services that write real ones."""

from __future__ import annotations

from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.ical.parse import parse
from caldavd.ical.parse import stored as stored_document
from caldavd.model import (
    Ace,
    Collection,
    Grantee,
    Kind,
    Level,
    Lock,
    Mode,
    Place,
    Principal,
    Proxy,
    Sight,
)
from caldavd.service import boxes, calendars, inbox, put_own, sharing
from caldavd.service.delete import delete
from caldavd.service.put import Place as At
from caldavd.service.put import put
from caldavd.service.save import save
from caldavd.service.set_acl import set_acl
from caldavd.service.views import Reader
from caldavd.store import (
    collections,
    ids,
    links,
    locks,
    mails,
    members,
    objects,
    principals,
    properties,
    quota,
    rooms,
    scheduling,
    subscriptions,
    tasks,
)
from caldavd.store.engine import Database, WriteTx
from caldavd.store.links import Link
from caldavd.store.subscriptions import Subscription
from tests.unit.builders import event, todo

NOW: Final = 1_796_083_200  # 2026-12-01T00:00:00Z
TEXTS: Final = {
    "lunch.ics": event(uid="lunch", summary="Mittagessen bei Böb \N{WAVING HAND SIGN}"),
    "monthly.ics": event(uid="monthly", rrule="FREQ=MONTHLY", exdate=["20260305T090000Z"]),
    "week off.ics": event(uid="week", start="20270104", end="20270111", lines=["X-O:it's \\;%"]),
    "task.ics": todo(uid="task", due="20270201T120000Z"),
    "doctor.ics": event(uid="doctor", lines=["CLASS:PRIVATE"]),
    "bank.ics": event(uid="bank", lines=["CLASS:CONFIDENTIAL"]),
}


async def fill(db: Database) -> None:
    """Two users, one disabled, one with a quota, a group, a room; calendars, one in the trash;
    objects, one removed; properties; a lock; a message in an inbox, and what is to be delivered.

    The group may read a calendar, and everybody knows when ada is busy. A calendar is shared with
    bob, who has it in his home, and with the group.
    """
    await db.write(_users)
    await db.write(_calendars)
    await db.write(_access)
    await db.write(_objects)
    await db.write(_personal)
    await db.write(_trash)
    await db.write(_outside)
    await db.write(_lock)
    await db.write(_shared)
    await db.write(_scheduling)


async def _users(tx: WriteTx) -> None:
    for name, addresses in (("ada", ("ada@example.com", "a@example.org")), ("bob", ())):
        language = "de" if name == "ada" else None
        said = (name, f"{name.title()} O'Hara", f"uuid-{name}", NOW, addresses, language)
        person = Principal(ids.new(), "user", *said)
        await principals.create(tx, person, "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA")
        home = calendars.new_collection(person.id, Kind.HOME, "", (), NOW)
        await collections.create(tx, home)
        await boxes.create(tx, person.id, NOW)
        if name == "bob":
            await principals.set_disabled(tx, person.id, NOW)
        else:
            phone = principals.AppPassword(ids.new(), "phone", "$argon2id$", NOW, None)
            await principals.add_app_password(tx, person.id, phone)


async def _calendars(tx: WriteTx) -> None:
    home = await _home(tx)
    for name in ("default", "Arbeit & Spaß", "old"):
        made = await calendars.create(tx, home, name, calendars.COMPONENTS, NOW)
        await properties.set_(
            tx, made.owner_id, made.id, made.owner_id, "{DAV:}displayname", f"<D>{name}</D>"
        )


async def _access(tx: WriteTx) -> None:
    home = await _home(tx)
    staff = Principal(ids.new(), "group", "staff", "Staff", "uuid-staff", NOW)
    await principals.create(tx, staff, None)
    bob = await principals.by_name(tx, "bob")
    assert bob is not None
    await members.add(tx, staff.id, bob.id)
    await members.add_delegates(tx, home.owner_id, Proxy.WRITE, [bob.id])
    lab = Principal(ids.new(), "room", "lab", "Lab", "uuid-lab", NOW, ("lab@example.com",))
    await principals.create(tx, lab, None)
    await collections.create(tx, calendars.new_collection(lab.id, Kind.HOME, "", (), NOW))
    await boxes.create(tx, lab.id, NOW)
    said = rooms.Room(lab.id, 12, "Haus B, 2. Stock", "beamer\nwhiteboard")
    await rooms.add(tx, said._replace(bookers_id=staff.id, ahead_days=90, longest_s=28_800))
    default = await collections.by_name(tx, home.owner_id, "default")
    assert default is not None
    entry = Ace(Grantee.PRINCIPAL, staff.id, Privilege.READ.value)
    await set_acl(tx, default, [entry], NOW)
    everybody = Ace(Grantee.AUTHENTICATED, 0, Privilege.READ_FREE_BUSY.value)
    await set_acl(tx, home, [everybody], NOW)


async def _objects(tx: WriteTx) -> None:
    home = await _home(tx)
    for calendar in await collections.calendars(tx, home.owner_id):
        for name, text in TEXTS.items():
            await put(tx, At(calendar, name, None), parse(text.encode()), NOW, 0)
        gone = await objects.get(tx, calendar.id, "lunch.ics")
        assert gone is not None
        await delete(tx, calendar, gone, NOW + 60)
        kept = await objects.get(tx, calendar.id, "monthly.ics")
        assert kept is not None
        await properties.set_(tx, kept.owner_id, kept.id, 0, "{http://x/}dead", "<x/>")


async def _personal(tx: WriteTx) -> None:
    """Bob's alarm for an object of ada's, which her text knows nothing of."""
    home = await _home(tx)
    bob = await principals.by_name(tx, "bob")
    default = await collections.by_name(tx, home.owner_id, "default")
    assert bob is not None and default is not None
    existing = await objects.get(tx, default.id, "monthly.ics")
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Böb\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
    text = TEXTS["monthly.ics"].replace("END:VEVENT\r\n", alarm + "END:VEVENT\r\n")
    reader = Reader(bob.id, Sight.DETAILS)
    writer = put_own.Writer(reader, lambda: None, 0)
    at = At(default, "monthly.ics", existing)
    put_ = await put_own.put_seen(tx, writer, at, parse(text.encode()), NOW + 90)
    assert put_.text == text


async def _trash(tx: WriteTx) -> None:
    home = await _home(tx)
    old = await collections.by_name(tx, home.owner_id, "old")
    assert old is not None
    await calendars.trash(tx, home, old, NOW + 120)


async def _outside(tx: WriteTx) -> None:
    """A link to a calendar, one to the home, and a calendar that is filled from a feed."""
    home = await _home(tx)
    default = await collections.by_name(tx, home.owner_id, "default")
    assert default is not None
    for of, mode, used_at in ((default, Mode.BUSY, NOW), (home, Mode.FREE_BUSY, None)):
        new = Link(ids.new(), of.owner_id, of.id, f"Für {mode.name}", int(mode), NOW, used_at)
        await links.add(tx, new, f"{mode:064x}")
    made = await calendars.create(tx, home, "holidays", ("VEVENT",), NOW, subscribed=True)
    feed = "https://ann:secret@example.com/holidays.ics"
    fills = Subscription(made.id, made.owner_id, feed, 86_400, NOW, NOW - 60, 2, "HTTP status 500")
    await subscriptions.add(tx, fills._replace(http_etag='"1"', digest="d"))


async def _scheduling(tx: WriteTx) -> None:
    home = await _home(tx)
    default = await collections.by_name(tx, home.owner_id, "default")
    bob = await principals.by_name(tx, "bob")
    assert default is not None and bob is not None
    await scheduling.set_default(tx, home.owner_id, default.id)
    stored = await objects.get(tx, default.id, "monthly.ics")
    assert stored is not None
    text = (await objects.contents(tx, [stored.id]))[stored.id]
    await save(tx, default, stored, stored.name, stored_document(text), NOW, "tag")
    text = TEXTS["doctor.ics"].replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST")
    box = (await scheduling.boxes(tx, [bob.id]))[bob.id, Kind.INBOX]
    await inbox.put(tx, box, inbox.key("doctor"), stored_document(text), NOW)
    message = tasks.Message(ids.new(), "doctor", "REQUEST", "mailto:a@example.org", text, NOW)
    await tasks.add_message(tx, message)
    delivery = tasks.new(tasks.ITIP, bob.id, NOW, message.id)
    mail = tasks.new(tasks.MAIL, home.owner_id, NOW, message.id, "eve@example.com")
    await tasks.add(tx, [delivery, mail])
    (claimed,) = await tasks.claim(tx, tasks.MAIL, NOW, 60, 1)
    await tasks.failed(tx, claimed, NOW, "550 no such user", None)
    await mails.note_sent(tx, [mails.Mailed(home.owner_id, "thread", "digest", NOW)])
    await mails.keep(tx, mails.Kept(ids.new(), NOW, "", "no calendar", "RnJvbTog"))


async def _shared(tx: WriteTx) -> None:
    home = await _home(tx)
    default = await collections.by_name(tx, home.owner_id, "default")
    bob, staff = [await principals.by_name(tx, name) for name in ("bob", "staff")]
    assert default is not None
    for sharee, level in ((bob, Level.WRITE), (staff, Level.READ)):
        wanted = sharing.Wanted(sharee, level, "Für alle", accept=sharee is bob)
        await sharing.add(tx, default, wanted, NOW + 180)


async def _lock(tx: WriteTx) -> None:
    home = await _home(tx)
    await quota.set_(tx, home.owner_id, 1 << 30)
    default = await collections.by_name(tx, home.owner_id, "default")
    assert default is not None
    lock = Lock(
        token="urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        owner_id=home.owner_id,
        place=Place(default.id, "monthly.ics"),
        on_home=False,
        shared=False,
        infinite=True,
        creator_id=home.owner_id,
        root="/dav/calendars/ada/default/monthly.ics",
        owner='<D:owner xmlns:D="DAV:">Ada</D:owner>',
        expires_at=NOW + 3_600,
    )
    await locks.insert_(tx, lock)


async def _home(tx: WriteTx) -> Collection:
    ada = await principals.by_name(tx, "ada")
    assert ada is not None
    home = await collections.by_name(tx, ada.id, "")
    assert home is not None
    return home
