"""The tables of mail: what was sent, and what came and was of no use."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text

from caldavd.store.columns import id_, metadata, reference

mailed: Final = Table(
    "mailed",
    metadata,
    reference("owner_id", "principal.id"),  # whose mail it was
    Column("thread", Text, nullable=False),  # of a recipient and a UID
    Column("digest", Text, nullable=False),  # of what the recipient was told
    Column("sent_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("owner_id", "thread", "digest"),
    Index(None, "sent_at"),
)

kept_mail: Final = Table(
    "kept_mail",
    metadata,
    id_(),
    Column("received_at", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),  # empty if it cannot be read
    Column("reason", Text, nullable=False),  # why nothing came of it
    Column("content", Text, nullable=False),  # base64 of the mail, or of its beginning
    PrimaryKeyConstraint("id"),
)
