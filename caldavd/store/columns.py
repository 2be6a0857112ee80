"""What all tables are made of: their metadata, and columns that many of them have."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_(name: str = "id") -> Column[int]:
    """An id that the application assigned, or one that is no reference."""
    return Column(name, BigInteger, nullable=False, autoincrement=False)


def owner() -> Column[int]:
    """No foreign key: the collection's says it, and a check a row would cost every write."""
    return Column("owner_id", BigInteger, nullable=False)


def reference(name: str, target: str) -> Column[int]:
    """An id of something without which the row goes too."""
    return Column(name, BigInteger, ForeignKey(target, ondelete="CASCADE"), nullable=False)
