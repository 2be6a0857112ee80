"""What a user's calendars hold at one moment, to compare before and after."""

from __future__ import annotations

from tests.protocol.client import NS, Client

PROPERTIES = "D:getetag", "D:sync-token", "D:displayname"


async def everything(client: Client) -> dict[str, tuple[str, ...]]:
    """Entity tags, sync tokens and names of the home, its calendars and their objects, by href."""
    found = await _below(client, client.home)
    for href in list(found):
        if href != client.home:
            found |= await _below(client, href)
    return found


async def _below(client: Client, href: str) -> dict[str, tuple[str, ...]]:
    answer = await client.propfind(href, *PROPERTIES, depth="1")
    return {
        response.findtext("D:href", "", NS): tuple(
            response.findtext(f"D:propstat/D:prop/{name}", "", NS) for name in PROPERTIES
        )
        for response in answer.xml.findall("D:response", NS)
    }


async def members(client: Client, calendar: str) -> dict[str, str]:
    """Entity tags by href, as a PROPFIND lists the members of a calendar."""
    found = await _below(client, calendar)
    return {href: values[0] for href, values in found.items() if href != calendar}
