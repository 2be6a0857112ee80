"""Locks as a client takes them."""

from __future__ import annotations

from typing import Any

from tests.protocol.client import NS, Answer, Client

OWNER = "<D:owner><D:href>http://example.org/~ann</D:href></D:owner>"


def lockinfo(scope: str = "exclusive", owner: str = OWNER, type_: str = "write") -> str:
    """The body of a LOCK for a new lock."""
    return (
        f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
        f"<D:locktype><D:{type_}/></D:locktype>{owner}</D:lockinfo>"
    )


async def lock(
    client: Client, path: str, scope: str = "exclusive", *, owner: str = OWNER, **headers: str
) -> str:
    """The token of a new lock."""
    answer = await client("LOCK", path, lockinfo(scope, owner), **headers)
    assert answer.status in (200, 201), answer.text
    return answer.headers["Lock-Token"].strip("<>")


async def unlock(client: Client, path: str, token: str) -> int:
    """The status of an UNLOCK."""
    return (await client("UNLOCK", path, Lock_Token=f"<{token}>")).status


def held(token: str) -> dict[str, Any]:
    """The If header that submits a token whatever else is true."""
    return {"If": f"(<{token}>) (Not <DAV:no-lock>)"}


def active(answer: Answer) -> list[dict[str, str]]:
    """The locks in an answer that holds one lockdiscovery."""
    return [
        {
            "scope": str(one.find("D:lockscope", NS)[0].tag).removeprefix("{DAV:}"),
            "type": str(one.find("D:locktype", NS)[0].tag).removeprefix("{DAV:}"),
            "depth": one.findtext("D:depth", "", NS),
            "timeout": one.findtext("D:timeout", "", NS),
            "token": one.findtext("D:locktoken/D:href", "", NS),
            "root": one.findtext("D:lockroot/D:href", "", NS),
        }
        for one in answer.xml.iterfind(".//D:activelock", NS)
    ]


async def tokens(client: Client, path: str) -> set[str]:
    """The tokens of the locks that cover a resource."""
    answer = await client.propfind(path, "D:lockdiscovery")
    return {one["token"] for one in active(answer)}


def locked_by(answer: Answer) -> tuple[int, str, str]:
    """The status, the condition and the href in a refusal."""
    return answer.status, answer.condition, answer.xml.findtext(".//D:href", "", NS)
