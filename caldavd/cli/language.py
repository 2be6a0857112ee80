"""`caldavd user language`: in what language others are told of an account's meetings."""

from __future__ import annotations

from typing import Final

import click

from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.languages.codes import CODES
from caldavd.languages.known import LANGUAGES
from caldavd.service import named
from caldavd.store import principals
from caldavd.store.engine import WriteTx

CHOICE: Final = click.Choice(CODES, case_sensitive=False)
_USUAL: Final = "default"


@click.command()
@click.argument("name")
@click.argument(
    "new",
    metavar=f"[{'|'.join(CODES)}|{_USUAL}]",
    type=click.Choice((*CODES, _USUAL), case_sensitive=False),
    required=False,
)
@click.pass_obj
def language(invocation: Invocation, name: str, new: str | None) -> None:
    """Show or set the language of mails about an account's meetings, and of their pages.

    \b
    caldavd user language ada           which it is
    caldavd user language ada de        German
    caldavd user language ada default   what the settings say ([server] language)

    A page on which somebody answers is in the language that their browser asks for, if it is one of
    these.
    """
    config = run.settings(invocation)
    if new is not None:
        code = None if new == _USUAL else new

        async def work(tx: WriteTx) -> None:
            await principals.set_language(tx, (await named.account(tx, name)).id, code)

        run.write(config, work)
    account = run.read(config, lambda tx: named.account(tx, name))
    own = "" if account.language is not None else ", as the settings say"
    shown = LANGUAGES[account.language or config.server.language]
    click.echo(f"{shown.code} ({shown.name}){own}")
