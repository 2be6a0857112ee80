"""Users with something to share, and what they grant each other."""

from __future__ import annotations

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.model import Principal
from caldavd.service import groups, named
from caldavd.store.engine import ReadTx, WriteTx
from tests.protocol.client import Answer, Client, declared, proppatch

EVERYBODY = "<D:authenticated/>"


def href(name: str) -> str:
    """A principal by its URL, as an entry says whom it is for."""
    return f"<D:href>/dav/principals/{name}/</D:href>"


def ace(who: str, *privileges: str) -> str:
    """An entry that grants privileges written like `D:read`."""
    granted = "".join(f"<D:privilege><{name}/></D:privilege>" for name in privileges)
    return f"<D:ace><D:principal>{who}</D:principal><D:grant>{granted}</D:grant></D:ace>"


async def grant(client: Client, path: str, *entries: str) -> Answer:
    """An ACL request with these entries."""
    return await client("ACL", path, f"<D:acl {declared()}>{''.join(entries)}</D:acl>")


async def delegate(owner: Client, level: str, *names: str) -> Answer:
    """Makes these the owner's delegates of a level, `read` or `write`."""
    members = "".join(href(name) for name in names)
    path = f"/dav/principals/{owner.name}/calendar-proxy-{level}/"
    set_ = f"<D:group-member-set>{members}</D:group-member-set>"
    return await owner("PROPPATCH", path, proppatch(set_=set_))


async def make_group(server: Server, name: str, *members: str) -> Principal:
    """A group with members, who may be groups."""

    async def make(tx: WriteTx) -> Principal:
        group = await groups.create(tx, name, name.title(), now())
        for member in members:
            await groups.add(tx, group, await named.principal(tx, member), now())
        return group

    return await server.db.write(make)


async def join(server: Server, group: str, member: str) -> None:
    """Puts somebody into a group."""

    async def work(tx: WriteTx) -> None:
        into = await named.group(tx, group)
        await groups.add(tx, into, await named.principal(tx, member), now())

    await server.db.write(work)


async def leave(server: Server, group: str, member: str) -> None:
    """Takes somebody out of a group."""

    async def work(tx: WriteTx) -> None:
        from_ = await named.group(tx, group)
        await groups.remove(tx, from_, await named.principal(tx, member), now())

    await server.db.write(work)


async def principal(server: Server, name: str) -> Principal:
    """The principal of that name."""

    async def read(tx: ReadTx) -> Principal:
        return await named.principal(tx, name)

    return await server.db.read(read)
