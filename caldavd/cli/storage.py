"""`caldavd user quota`: how much an account stores, and may store."""

from __future__ import annotations

import re
from typing import Final

import click

from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.service import named
from caldavd.service.quota import bound_of
from caldavd.settings import Config
from caldavd.store import quota as store
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.quota import Usage

MAX_QUOTA: Final = 1 << 60
"""A gibibyte of gibibytes: what is more is a mistake."""
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE: Final = re.compile(r"(\d{1,19})\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)


def size(text: str) -> int | None:
    """Bytes of a size like 500M; 0 of `none`, and None of `default`. Raises BadParameter."""
    match text.strip().lower():
        case "none":
            return 0
        case "default":
            return None
    found = _SIZE.fullmatch(text.strip())
    bytes_ = int(found[1]) * _UNITS[found[2].upper()] if found is not None else 0
    if not 0 < bytes_ <= MAX_QUOTA:
        raise click.BadParameter(f"{text!r} is not a size like 500M or 2G, nor `none` or `default`")
    return bytes_


def told(bytes_: int) -> str:
    """A size for people, in the largest unit that leaves a number of at least 1."""
    unit = max((unit for unit in _UNITS if _UNITS[unit] <= max(bytes_, 1)), key=_UNITS.__getitem__)
    number = bytes_ / _UNITS[unit]
    return f"{number:.4g} {unit}iB" if unit else f"{bytes_} B"


def row(config: Config, usage: Usage, as_json: bool) -> dict[str, object]:
    """The columns of a list: bytes for scripts, sizes for people; no quota is None."""
    bound = bound_of(usage.quota_bytes, config.limits.quota_bytes)
    if as_json:
        return {"used_bytes": usage.used_bytes, "quota_bytes": bound or None}
    return {"used": told(usage.used_bytes), "quota": told(bound) if bound else None}


@click.command()
@click.argument("name")
@click.argument("new", metavar="[SIZE|none|default]", required=False)
@click.pass_obj
def quota(invocation: Invocation, name: str, new: str | None) -> None:
    """Show or set how much an account's calendars may hold together.

    \b
    caldavd user quota ada           what is used, of how much
    caldavd user quota ada 500M      K, M, G and T are powers of 1024
    caldavd user quota ada none      any amount
    caldavd user quota ada default   what the settings say ([limits] quota_bytes)

    Who is above it can read and delete, and make nothing larger. What lies in the trash is not
    counted.
    """
    config = run.settings(invocation)
    if new is not None:
        wanted = size(new)

        async def work(tx: WriteTx) -> None:
            await store.set_(tx, (await named.account(tx, name)).id, wanted)

        run.write(config, work)

    async def read(tx: ReadTx) -> Usage:
        account = await named.account(tx, name)
        return (await store.of(tx, [account.id]))[account.id]

    usage = run.read(config, read)
    bound = bound_of(usage.quota_bytes, config.limits.quota_bytes)
    own = "" if usage.quota_bytes is not None else ", as the settings say"
    click.echo(f"{told(usage.used_bytes)} of {told(bound) if bound else 'any amount'}{own}")
