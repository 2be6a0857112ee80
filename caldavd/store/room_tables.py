"""The table of rooms and resources: what they are, and how they answer."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, SmallInteger, Table, Text

from caldavd.store.columns import metadata, reference

room: Final = Table(
    "room",
    metadata,
    reference("principal_id", "principal.id"),  # of the kind room or resource, each of them
    Column("capacity", BigInteger, nullable=False),  # 0: nobody said
    Column("location", Text, nullable=False),
    Column("features", Text, nullable=False),  # one a line
    Column("policy", Text, nullable=False),  # automatic, manual
    # A user or a group; 0: everybody; the room itself: nobody, as who could is gone.
    Column("bookers_id", BigInteger, nullable=False),
    Column("ahead_days", BigInteger, nullable=False),  # 0: however many
    Column("longest_s", BigInteger, nullable=False),  # 0: however long
    Column("conflicts_percent", SmallInteger, nullable=False),
    PrimaryKeyConstraint("principal_id"),
    Index(None, "bookers_id"),
)
