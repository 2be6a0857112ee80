"""The tables of scheduling: what is to be delivered, and where to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from caldavd.store.columns import id_, metadata, reference

scheduling: Final = Table(
    "scheduling",
    metadata,
    reference("owner_id", "principal.id"),
    # Where invitations are put; one that lies in the trash counts as none.
    reference("default_calendar_id", "collection.id"),
    PrimaryKeyConstraint("owner_id"),
    Index(None, "default_calendar_id"),
)

message: Final = Table(
    "message",
    metadata,
    id_(),
    Column("uid", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("sender", Text, nullable=False),  # a calendar user address
    Column("text", Text, nullable=False),  # the iTIP message
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
)

task: Final = Table(
    "task",
    metadata,
    id_(),
    Column("kind", Text, nullable=False),  # itip, mail
    reference("owner_id", "principal.id"),  # to whom a message goes, or whose mail it is
    Column("message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE")),
    Column("payload", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # while somebody works on it: when others may
    Column("attempts", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("error", Text),  # of the last attempt
    Column("state", SmallInteger, nullable=False),  # 0: it waits; 1: nobody tries any more
    PrimaryKeyConstraint("id"),
    Index(None, "owner_id"),
    Index(None, "message_id"),
    Index(
        "ix_task_waiting",
        "kind",
        "due_at",
        sqlite_where=text("state = 0"),
        postgresql_where=text("state = 0"),
    ),
)
