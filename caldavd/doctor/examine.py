"""The whole examination of a server, in the order in which a client meets it."""

from __future__ import annotations

from collections.abc import Callable

from caldavd.doctor import discovery, writing
from caldavd.doctor.client import Client, Credentials, Unreachable, connected
from caldavd.doctor.report import Cure, Finding, Report, Stopped


async def examine(
    base: str,
    login: Credentials,
    calendar: str,
    heard: Callable[[Finding], object],
    *,
    insecure: bool = False,
) -> Report:
    """Tests the server at `base`; `calendar` is the URL name of the one that it makes for that."""
    report = Report(heard)
    async with connected(base, login, insecure=insecure) as client:
        try:
            home = await _discover(client, report)
            await _write(client, f"{home}{calendar}/", report)
        except Stopped:
            pass
        except Unreachable as error:
            report.bad("connect", str(error), Cure.SERVER)
    return report


async def _discover(client: Client, report: Report) -> str:
    await discovery.reach(client, report)
    context = await discovery.find_context(client, report)
    await discovery.check_challenge(client, context, report)
    principal = await discovery.find_principal(client, context, report)
    home = await discovery.find_home(client, principal, report)
    await discovery.check_options(client, home, report)
    return home


async def _write(client: Client, calendar: str, report: Report) -> None:
    await writing.make_calendar(client, calendar, report)
    try:
        written = await writing.put(client, calendar, report)
        await writing.get(client, written, report)
        await writing.check_conditions(client, written, report)
        await writing.put_large(client, calendar, report)
        token = await writing.sync(client, calendar, written, report)
        moved = await writing.move(client, written, calendar, report)
        await writing.delete(client, moved, report)
        await writing.sync_again(client, calendar, written, token, report)
    finally:
        await writing.remove_calendar(client, calendar, report)
