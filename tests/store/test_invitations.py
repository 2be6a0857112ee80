"""The worker that sees to what groups and everyone came to mean."""

from __future__ import annotations

from caldavd.model import Level, Principal
from caldavd.service import accounts, sharing
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.sharing import Wanted
from caldavd.store import collections, invitations, members, principals
from caldavd.store.engine import Database, WriteTx
from caldavd.store.invitations import Invitation
from caldavd.workers.invitations import settle

NOW = 1_796_083_200


async def make(tx: WriteTx, name: str) -> Principal:
    return await accounts.create(tx, NewAccount(name), None, Defaults(), NOW)


async def share(tx: WriteTx, owner: Principal, sharee: Principal | None) -> None:
    calendar = await collections.by_name(tx, owner.id, "calendar")
    assert calendar is not None
    (locked,) = await collections.lock(tx, calendar.id)
    await sharing.add(tx, locked, Wanted(sharee, Level.READ, accept=True), NOW)


async def mounts(db: Database, user: Principal) -> list[Invitation]:
    return await db.read(lambda tx: invitations.of_user(tx, user.id))


async def test_a_new_account_gets_what_is_shared_with_everyone(db: Database) -> None:
    async def work(tx: WriteTx) -> Principal:
        await share(tx, await make(tx, "ada"), None)
        return await make(tx, "bob")

    bob = await db.write(work)
    assert await mounts(db, bob) == []
    await settle(db, lambda: NOW, accept=True)

    (found,) = await mounts(db, bob)
    assert found.name == "ada-calendar"


async def test_who_left_a_group_by_other_ways_loses_the_mount(db: Database) -> None:
    async def work(tx: WriteTx) -> tuple[Principal, Principal]:
        ada, bob = await make(tx, "ada"), await make(tx, "bob")
        team = Principal(1, "group", "team", "Team", "uuid-team", NOW)
        await principals.create(tx, team, None)
        await members.add(tx, team.id, bob.id)
        await share(tx, ada, team)
        return bob, team

    bob, team = await db.write(work)
    assert len(await mounts(db, bob)) == 1
    await db.write(lambda tx: members.remove(tx, team.id, bob.id))
    await settle(db, lambda: NOW, accept=True)

    assert await mounts(db, bob) == []


async def test_more_than_one_transaction_invites_all(db: Database) -> None:
    count = sharing.AT_ONCE + 5

    async def work(tx: WriteTx) -> None:
        ada = await make(tx, "ada")
        for number in range(count):
            await make(tx, f"user{number}")
        await share(tx, ada, None)

    await db.write(work)
    await settle(db, lambda: NOW, accept=True)

    async def mounted(tx: WriteTx) -> int:
        ada = await principals.by_name(tx, "ada")
        assert ada is not None
        calendar = await collections.by_name(tx, ada.id, "calendar")
        assert calendar is not None
        return len(await invitations.mounted(tx, calendar.id))

    assert await db.write(mounted) == count
