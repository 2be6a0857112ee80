"""`caldavd user`: add, list, passwd, disable, enable, quota, language, remove."""

from __future__ import annotations

from typing import Final

import click

from caldavd import clock, parts
from caldavd.auth.passwords import Hasher
from caldavd.cli import language, run, storage
from caldavd.cli.main import Invocation
from caldavd.model import Principal, PrincipalKind
from caldavd.service import accounts, named
from caldavd.settings import Config
from caldavd.store import principals, quota
from caldavd.store.engine import ReadTx, WriteTx

COLUMNS: Final = ("name", "display_name", "addresses", "used", "quota", "disabled", "created")


@click.command()
@click.argument("name")
@click.option(
    "--email",
    "addresses",
    metavar="ADDRESS",
    multiple=True,
    help="Repeatable; the preferred one first.",
)
@click.option("--display-name", metavar="TEXT", default="", help="The person's name.")
@click.option(
    "--kind",
    type=click.Choice(accounts.KINDS),
    default="user",
    help="A room or a resource has calendars, and nobody logs in as it.",
)
@click.option(
    "--language",
    "code",
    type=language.CHOICE,
    help="Of mails about its meetings; without it what the settings say.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def add(
    invocation: Invocation,
    name: str,
    addresses: tuple[str, ...],
    display_name: str,
    kind: str,
    code: str | None,
    password_stdin: bool,
) -> None:
    """Make an account, with a calendar and a task list.

    \b
    caldavd user add ada --email ada@example.org --display-name "Ada Lovelace"
    pwgen 20 1 | caldavd user add ada --password-stdin

    Without --email it gets NAME@ the domain of the settings.
    """
    config = run.settings(invocation)
    new = accounts.NewAccount(name, display_name, addresses, PrincipalKind(kind), code)
    defaults = parts.defaults(config)
    # Whatever is refused is refused before a database is made.
    accounts.require_sound(new, defaults)
    if run.has_database(config):
        run.read(config, lambda tx: accounts.require_free(tx, name))
    password_hash = _ask(config, name, password_stdin) if kind == "user" else None

    made = run.write(
        config, lambda tx: accounts.create(tx, new, password_hash, defaults, clock.now()), make=True
    )

    click.echo(f"made the account {made.name} ({', '.join(made.addresses)})")
    if kind == "user":
        click.echo(urls(config, made.name))


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List all accounts."""
    config = run.settings(invocation)

    async def work(tx: ReadTx) -> list[dict[str, object]]:
        found = [one for one in await principals.everyone(tx) if not one[0].is_group]
        usage = await quota.of(tx, [account.id for account, _ in found])
        return [
            _row(account, disabled) | storage.row(config, usage[account.id], as_json)
            for account, disabled in found
        ]

    run.show(COLUMNS, run.read(config, work), as_json)


@click.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def passwd(invocation: Invocation, name: str, password_stdin: bool) -> None:
    """Set an account's password, and enable the account. App passwords stay valid."""
    config = run.settings(invocation)
    account = run.read(config, lambda tx: named.account(tx, name))
    password_hash = _ask(config, account.name, password_stdin)
    run.write(config, lambda tx: principals.set_password(tx, account.id, password_hash))
    click.echo(f"the password of {account.name} is set")


@click.command()
@click.argument("name")
@click.pass_obj
def disable(invocation: Invocation, name: str) -> None:
    """Refuse an account's logins from now on; its calendars stay."""
    account = _set_disabled(invocation, name, clock.now())
    click.echo(f"{account.name} cannot log in; `caldavd user enable {account.name}` undoes it")


@click.command()
@click.argument("name")
@click.pass_obj
def enable(invocation: Invocation, name: str) -> None:
    """Let a disabled account log in again."""
    click.echo(f"{_set_disabled(invocation, name, None).name} can log in")


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(invocation: Invocation, name: str, yes: bool) -> None:
    """Remove an account with all its calendars, for good.

    \b
    caldavd export --user ada ada.zip && caldavd user remove ada
    """
    config = run.settings(invocation)
    account = run.read(config, lambda tx: named.account(tx, name))
    if not yes:
        run.confirm(f"Remove {account.name} and all its calendars? Nothing brings them back.")
    run.write(config, lambda tx: accounts.remove(tx, account, clock.now()))
    click.echo(f"removed {account.name}")


user: Final = click.Group(
    "user",
    commands=[add, list_, passwd, disable, enable, storage.quota, language.language, remove],
    help="Make, list, change, bound, disable and remove accounts.",
)


def urls(config: Config, name: str) -> str:
    """What to type into each client."""
    base = run.base_url(config)
    return "\n".join(
        (
            "What to give to the clients, with this name and password:",
            f"  Thunderbird, DAVx5, GNOME   {base}/",
            f"  Apple Calendar, Reminders   {base}/dav/principals/{name}/",
            f"  python-caldav and others    {base}/dav/",
        )
    )


def _ask(config: Config, name: str, from_stdin: bool) -> str:
    """The hash of a password that was asked for."""
    password = run.ask_password(f"Password for {name}", from_stdin=from_stdin, twice=True)
    run.warn_of_short(password)
    return Hasher(parts.cost(config)).hash(password)


def _set_disabled(invocation: Invocation, name: str, at: int | None) -> Principal:
    async def work(tx: WriteTx) -> Principal:
        account = await named.account(tx, name)
        await principals.set_disabled(tx, account.id, at)
        return account

    return run.write(run.settings(invocation), work)


def _row(account: Principal, disabled: int | None) -> dict[str, object]:
    return {
        "name": account.name,
        "kind": account.kind,
        "display_name": account.display_name,
        "addresses": account.addresses,
        "disabled": run.instant(disabled),
        "created": run.instant(account.created_at),
        "uuid": account.uuid,
        "language": account.language,
    }
