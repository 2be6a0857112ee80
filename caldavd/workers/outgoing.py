"""Which mails are sent, of those that wait, and which have become needless."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from caldavd.itip import imip, notice
from caldavd.itip.address import normal
from caldavd.itip.changes import left_by
from caldavd.itip.home import Home, may_be_in_utc
from caldavd.itip.imip import (
    Post,
    Unmailable,
    change_of,
    covers,
    is_about_all,
    mailbox,
    thread_of,
    write,
)
from caldavd.itip.ticket import MAX_TOKEN, Pages, Ticket, sign
from caldavd.languages.codes import DEFAULT_CODE
from caldavd.languages.known import first_known
from caldavd.model import Principal
from caldavd.service import zone
from caldavd.store import mails, principals, tasks
from caldavd.store.engine import ReadTx
from caldavd.store.mails import Earlier, Mailed, Waiting
from caldavd.store.tasks import Message, Task

_log: Final = logging.getLogger(__name__)

AGAIN_S: Final = 900
"""After how long somebody who asks for it gets the same again: anybody can ask in their name."""
RETURNS_S: Final = 30 * 86_400
"""How long after it was sent a mail may come back."""

MAX_LOOKS: Final = 5
"""Mails of a thread that are looked for, from the last one back, while dates were cancelled."""

_MAIL: Final = "mailto:"


@dataclass(frozen=True, slots=True)
class Identity:
    """How the server calls itself in mails."""

    address: str
    """Its own mail address: mails are from there, and what cannot be delivered returns there."""
    reply_to: str = ""
    from_users: bool = False
    """Whether users of its own domain send from their own addresses."""
    pages: str = ""
    """The URL that the pages begin with on which invitations are answered; empty: there are none.
    """
    pages_s: int = 0
    """How long a link to one is good."""
    language: str = DEFAULT_CODE
    """In which mails are written of those who have no language of their own."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Tasks, and all that decides about them."""

    tasks: tuple[Task, ...]
    messages: Mapping[int, Message]
    senders: Mapping[int, Principal]
    beside: tuple[Waiting, ...]
    """All mails of these senders to these recipients that wait, or were given up."""
    sent: frozenset[Mailed]
    before: Mapping[str, Sequence[Earlier]]
    """Messages of which some may be the last in a thread, newest first."""
    key: bytes = field(default=b"", repr=False)
    """Signs the links to pages; empty: there are none in the mails."""
    bounce_key: bytes = field(default=b"", repr=False)
    """Signs what tells a mail that comes back; empty: nothing does."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Mail addresses of people who stand in the messages by others."""
    homes: Mapping[tuple[int, str], Home] = field(default_factory=dict)
    """The zones in which times in UTC are told, by sender and UID; where they are told in UTC,
    none."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that is to be sent; `replaces`: tasks that need not be done any more, whatever becomes
    of it."""

    task: Task
    mail: EmailMessage
    recipient: str
    noted: Mailed
    replaces: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is to be done with tasks."""

    ready: tuple[Ready, ...]
    needless: tuple[int, ...]
    """Those that a newer one replaces, or that tell nothing new."""
    impossible: tuple[tuple[Task, str], ...]
    """Those that can never be sent, and why."""
    held: tuple[Task, ...] = ()
    """Those of which the one before, in the same thread, has not left yet."""


async def gather(tx: ReadTx, claimed: Sequence[Task]) -> Claimed:
    """All that decides about tasks; of those that tell a change, what was told before."""
    owners = {one.owner_id for one in claimed}
    recipients = {mails.recipient_of(one.payload) for one in claimed}
    beside = await mails.waiting(tx, owners, recipients)
    wanted = {one.message_id for one in beside}
    wanted |= {one.message_id for one in claimed if one.message_id is not None}
    messages = await tasks.messages(tx, sorted(wanted))
    threads = {
        _thread(messages[one.message_id], one): messages[one.message_id].uid
        for one in claimed
        if one.message_id in messages
    }
    sent = await mails.sent(tx, owners, threads)
    before = await _before(tx, sent, threads)
    return Claimed(
        tuple(claimed),
        messages,
        {one.id: one for one in await principals.by_ids(tx, owners)},
        tuple(beside),
        frozenset(sent),
        before,
        homes=await _homes(tx, claimed, messages, before),
    )


async def _before(
    tx: ReadTx, sent: Sequence[Mailed], uids: Mapping[str, str]
) -> dict[str, list[Earlier]]:
    """What may have been the last mails in each thread; one statement for those of one minute.

    Further ones where there was a CANCEL: one of a single date hides what was said of the rest.
    """
    known: dict[tuple[str, int], list[Earlier]] = {}
    found: dict[str, list[Earlier]] = {}
    for thread in {one.thread for one in sent}:
        texts: dict[int, Earlier] = {}
        minutes = sorted({-(-one.sent_at // 60) for one in sent if one.thread == thread})
        for minute in minutes[: -MAX_LOOKS - 1 : -1]:
            key = uids[thread], minute
            if key not in known:
                known[key] = await mails.earlier(tx, uids[thread], minute * 60)
            texts |= {one.message_id: one for one in known[key] if one.message_id not in texts}
            if all(one.method != "CANCEL" for one in known[key]):
                break
        found[thread] = list(texts.values())
    return found


async def _homes(
    tx: ReadTx,
    claimed: Sequence[Task],
    messages: Mapping[int, Message],
    before: Mapping[str, Sequence[Earlier]],
) -> dict[tuple[int, str], Home]:
    """Where senders are at home, if any of them says something in UTC."""
    texts = {one.text for one in messages.values()}
    texts |= {one.text for found in before.values() for one in found}
    if not await tx.offload(_any_in_utc, texts):
        return {}
    meetings = {
        (one.owner_id, messages[one.message_id].uid)
        for one in claimed
        if one.message_id is not None and one.message_id in messages
    }
    return await zone.homes(tx, meetings)


def _any_in_utc(texts: Collection[str]) -> bool:
    return any(map(may_be_in_utc, texts))


def unmailed(claimed: Claimed) -> frozenset[str]:
    """The addresses in all messages that are no mail addresses. Pure, and not cheap.

    What cannot be read has none: `sort` finds that, too.
    """
    found: frozenset[str] = frozenset()
    for id_ in {task.message_id or 0 for task in claimed.tasks} & claimed.messages.keys():
        with suppress(ValueError):
            found |= imip.unmailed(claimed.messages[id_].text)
    return found


def sort(claimed: Claimed, identity: Identity, now: int) -> Sorted:
    """What is to be done with each task. Pure, and not cheap: it reads every message."""
    ready: list[Ready] = []
    needless: list[int] = []
    impossible: list[tuple[Task, str]] = []
    held: list[Task] = []
    for task in claimed.tasks:
        try:
            one = _ready(claimed, task, identity, now)
        except _Held:
            held.append(task)
            continue
        except (Unmailable, ValueError) as error:
            impossible.append((task, str(error)))
            continue
        except Exception as error:  # nobody else's mails wait for what is wrong with this one
            _log.exception("mail not made", extra={"task": task.id})
            impossible.append((task, type(error).__name__))
            continue
        if one is None:
            needless.append(task.id)
        else:
            ready.append(one)
    return Sorted(tuple(ready), tuple(needless), tuple(impossible), tuple(held))


class _Held(Exception):
    """A mail waits for one before it."""


def _ready(claimed: Claimed, task: Task, identity: Identity, now: int) -> Ready | None:
    """The mail of a task; None if it is needless. Raises Unmailable, _Held."""
    message = claimed.messages.get(task.message_id or 0)
    sender = claimed.senders.get(task.owner_id)
    if message is None or sender is None:
        raise Unmailable("the message that was to be sent is not there any more")
    recipient = mails.recipient_of(task.payload)
    noted = Mailed(task.owner_id, _thread(message, task), change_of(message.text, recipient), now)
    told = [m for m in claimed.sent if (m.owner_id, m.thread) == (noted.owner_id, noted.thread)]
    last = max((m.sent_at for m in told), default=0)
    known = any(m.sent_at == last and m.digest == noted.digest for m in told)
    others = [one for one in claimed.beside if _is_beside(one, task, message, recipient)]
    if mails.is_notice(task.payload):
        whose = (identity, sender, noted)
        return None if known else _notice(claimed, task, message, others, whose)
    newer = [claimed.messages[one.message_id] for one in others if one.task_id > task.id]
    if known and not _is_wanted_again(task.payload, now - last):
        return None
    if any(covers(one.text, message.text) for one in newer):
        return None
    replaced = _replaced(claimed, task, message, others)
    update = bool(told) and not (known and mails.is_again(task.payload))
    post = _post(identity, sender, message, recipient, update=update)
    if post.update:
        before, reinstated = _told_last(told, claimed.before.get(noted.thread, ()), recipient)
        post = replace(post, before=before, reinstated=reinstated)
    home = claimed.homes.get((sender.id, message.uid))
    post = replace(post, addresses=claimed.addresses, home=home, after=last)
    if claimed.key:
        pages = Pages(identity.pages, claimed.key, sender.id, now + identity.pages_s)
        post = replace(post, pages=pages)
    if claimed.bounce_key:
        about = Ticket(sender.id, message.uid, normal(recipient), 0, now + RETURNS_S)
        token = sign(about, claimed.bounce_key)
        post = replace(post, ticket=token if len(token) <= MAX_TOKEN else "")
    mail = write(message.text, post, datetime.fromtimestamp(now, UTC))
    return Ready(task, mail, mailbox(recipient), noted, replaced)


def _replaced(
    claimed: Claimed, task: Task, message: Message, others: Sequence[Waiting]
) -> tuple[int, ...]:
    """The older mails that this one makes needless. Raises _Held if another has to leave before."""
    older = [one for one in others if one.task_id < task.id]
    texts = {one.task_id: claimed.messages[one.message_id].text for one in older}
    replaced = [id_ for id_, text in texts.items() if covers(message.text, text)]
    passed = {one.id for one in claimed.tasks}.union(replaced)
    if any(not one.is_dead and one.task_id not in passed for one in older):
        raise _Held  # it would be read as if it came after this one
    return tuple(replaced)


def _told_last(
    told: Sequence[Mailed], earlier: Sequence[Earlier], recipient: str
) -> tuple[str, bool]:
    """What a recipient was asked to last, if it is known, and whether all of it was cancelled."""
    cancelled: list[str] = []
    for second in sorted({one.sent_at for one in told}, reverse=True):
        digests = {one.digest for one in told if one.sent_at == second}
        found = _telling(earlier, recipient, digests)
        for one in found:
            if one.method == "REQUEST":
                return left_by(one.text, cancelled), False
            if is_about_all(one.text):
                return "", True
            cancelled.append(one.text)
        if not found:
            break
    return "", False


def _telling(earlier: Sequence[Earlier], recipient: str, digests: Collection[str]) -> list[Earlier]:
    """The newest message of each of these changes; no more are read than that takes."""
    found: list[Earlier] = []
    wanted = set(digests)
    for one in earlier:
        if not wanted:
            break
        change = change_of(one.text, recipient)
        if change in wanted:
            wanted.discard(change)
            found.append(one)
    return found


def _notice(
    claimed: Claimed,
    task: Task,
    message: Message,
    others: Sequence[Waiting],
    about: tuple[Identity, Principal, Mailed],
) -> Ready | None:
    """The mail that tells an organizer what an attendee said; None if another one does as well."""
    identity, organizer, noted = about
    for one in others:
        other = claimed.messages[one.message_id]
        is_theirs = other.sender == message.sender and not one.is_dead
        if (
            is_theirs
            and notice.adds_nothing(message.text, other.text)
            and (one.task_id > task.id or not notice.adds_nothing(other.text, message.text))
        ):
            return None
    recipient, attendee = mails.recipient_of(task.payload), normal(message.sender)
    name = notice.said_by(message.text, attendee)
    language = first_known(organizer.language, identity.language)
    post = Post(identity.address, mailbox(attendee), name, recipient, language=language)
    post = replace(post, home=claimed.homes.get((organizer.id, message.uid)))
    mail = notice.write(message.text, post, datetime.fromtimestamp(noted.sent_at, UTC))
    return Ready(task, mail, mailbox(recipient), noted)


def _is_wanted_again(payload: str, since_s: int) -> bool:
    """Whether a mail is sent that was sent before, so long ago."""
    return mails.is_forced(payload) or (mails.is_again(payload) and since_s >= AGAIN_S)


def _thread(message: Message, task: Task) -> str:
    """What a mail is in a row with; what different people said is in different ones."""
    recipient = mails.recipient_of(task.payload)
    who = f" {normal(message.sender)}" if mails.is_notice(task.payload) else ""
    return thread_of(message.uid + who, recipient)


def _is_beside(one: Waiting, task: Task, message: Message, recipient: str) -> bool:
    return (
        one.task_id != task.id
        and one.is_notice == mails.is_notice(task.payload)
        and one.owner_id == task.owner_id
        and normal(one.recipient) == normal(recipient)
        and one.uid == message.uid
    )


def _post(
    identity: Identity, sender: Principal, message: Message, recipient: str, *, update: bool
) -> Post:
    address = normal(message.sender)
    if not address.startswith(_MAIL):
        address = sender.addresses[0] if sender.addresses else ""
    if not address:
        raise Unmailable(f"{sender.name} has no mail address to send from")
    own = mailbox(address)
    same_domain = own.rpartition("@")[2] == identity.address.rpartition("@")[2]
    return Post(
        identity.address,
        own,
        sender.display_name or sender.name,
        recipient,
        identity.reply_to,
        speaks_as_sender=identity.from_users and same_domain,
        update=update,
        language=first_known(sender.language, identity.language),
    )
