"""The tables. Ids are assigned by the application, instants are epoch seconds, text is UTF-8.

Every row below a principal carries `owner_id`, so that a distributed PostgreSQL can place rows by
owner. Booleans are small integers, so that both databases return the same Python value.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from caldavd.store import columns, mail_tables, room_tables, scheduling_tables
from caldavd.store.columns import id_ as _id
from caldavd.store.columns import owner as _owner
from caldavd.store.columns import reference as _reference

metadata: Final = columns.metadata
scheduling: Final = scheduling_tables.scheduling
message: Final = scheduling_tables.message
task: Final = scheduling_tables.task
mailed: Final = mail_tables.mailed
kept_mail: Final = mail_tables.kept_mail
room: Final = room_tables.room

principal: Final = Table(
    "principal",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),  # user, group, room, resource
    Column("name", Text, nullable=False),  # one URL segment, as `principals.normal` makes it
    Column("display_name", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("password_hash", Text),  # argon2id; null: no password of its own
    # Raised by whatever ends a login: password, app password revoked, account disabled.
    Column("auth_revision", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("quota_bytes", BigInteger),  # null: the server's setting; 0: none
    Column("language", Text),  # a code of `languages.codes`; null: the server's setting
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

address: Final = Table(
    "address",
    metadata,
    Column("address", Text, nullable=False),  # lower case, without mailto:
    _reference("principal_id", "principal.id"),
    Column("position", SmallInteger, nullable=False),  # 0 is the preferred one
    PrimaryKeyConstraint("address"),
    Index(None, "principal_id", "position"),
)

app_password: Final = Table(
    "app_password",
    metadata,
    _id(),
    _reference("principal_id", "principal.id"),
    Column("label", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("principal_id", "label"),
)

collection: Final = Table(
    "collection",
    metadata,
    _id(),
    _reference("owner_id", "principal.id"),
    Column("kind", Text, nullable=False),  # model.Kind
    Column("name", Text, nullable=False),  # one decoded URL segment; empty for the home
    Column("uuid", Text, nullable=False),
    Column("components", Text, nullable=False),  # VEVENT,VTODO,... in that order
    # The tokens of one incarnation are void in any other: random, new after a restore.
    Column("incarnation", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),  # changes up to here are pruned
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("trashed_at", BigInteger),
    # 1: filled from a feed, see `subscription`.
    Column("subscribed", SmallInteger, nullable=False, server_default="0"),
    # Of its objects together; kept in the statement that raises the revision.
    Column("size_bytes", BigInteger, nullable=False, server_default=text("0")),
    # 1: there is a `share` that lets it appear in other homes.
    Column("shared", SmallInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("id"),
    Index(
        "uq_collection_owner_id_name",
        "owner_id",
        "name",
        unique=True,
        sqlite_where=text("trashed_at IS NULL"),
        postgresql_where=text("trashed_at IS NULL"),
    ),
)

calendar_object: Final = Table(
    "calendar_object",
    metadata,
    _id(),
    _owner(),
    _reference("collection_id", "collection.id"),
    Column("name", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("etag", Text, nullable=False),  # without quotes
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    # Instances outside [from, until) are not in `occurrence`; null: none lies there.
    Column("indexed_from", BigInteger),
    Column("indexed_until", BigInteger),
    Column("content", Text, nullable=False),  # the bytes of the PUT, verbatim
    Column("access", SmallInteger, nullable=False, server_default="0"),  # model.Access
    Column("schedule_tag", Text),  # without quotes; null: no scheduling object resource
    PrimaryKeyConstraint("id"),
    UniqueConstraint("collection_id", "name"),
    UniqueConstraint("collection_id", "uid"),
    Index(
        "ix_calendar_object_unbounded",
        "collection_id",
        "indexed_until",
        sqlite_where=text("indexed_until IS NOT NULL OR indexed_from IS NOT NULL"),
        postgresql_where=text("indexed_until IS NOT NULL OR indexed_from IS NOT NULL"),
    ),
    # Of series with more instances in the past than are indexed.
    Index(
        "ix_calendar_object_begun",
        "collection_id",
        "indexed_from",
        sqlite_where=text("indexed_from IS NOT NULL"),
        postgresql_where=text("indexed_from IS NOT NULL"),
    ),
)

occurrence: Final = Table(
    "occurrence",
    metadata,
    _owner(),
    _id("collection_id"),
    _reference("object_id", "calendar_object.id"),
    # `store.occurrences` says what the two small numbers mean.
    Column("kind", SmallInteger, nullable=False),
    Column("band", SmallInteger, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("busy", SmallInteger, nullable=False),
    PrimaryKeyConstraint("collection_id", "kind", "band", "starts", "object_id", "ends", "busy"),
    Index(None, "object_id"),
    sqlite_with_rowid=False,
)

personal: Final = Table(
    "personal",
    metadata,
    _owner(),
    _reference("object_id", "calendar_object.id"),
    _reference("reader_id", "principal.id"),  # never the owner
    _id("collection_id"),
    # Of the calendar, when the reader changed nothing else; 0: the object has a change of its own.
    Column("revision", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("content", Text, nullable=False),  # what `ical.personal` stores
    PrimaryKeyConstraint("object_id", "reader_id"),
    Index(None, "reader_id", "collection_id", "revision"),
)

change: Final = Table(
    "change",
    metadata,
    _owner(),
    _reference("collection_id", "collection.id"),
    Column("name", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("deleted", SmallInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    # Since when those do not see the member who see no PRIVATE one, removed or not; 0: they never
    # did; null: they do.
    Column("vanished", BigInteger),
    PrimaryKeyConstraint("collection_id", "name"),
    UniqueConstraint("collection_id", "revision"),
    # For pruning.
    Index(
        "ix_change_removed",
        "changed_at",
        sqlite_where=text("deleted = 1"),
        postgresql_where=text("deleted = 1"),
    ),
    sqlite_with_rowid=False,
)

property_: Final = Table(
    "property",
    metadata,
    _owner(),
    # A principal, a collection or an object: ids are unique over all tables.
    Column("resource_id", BigInteger, nullable=False),
    # Whose value it is; 0: everyone's.
    Column("reader_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # Clark notation
    Column("value", Text, nullable=False),  # the whole element
    PrimaryKeyConstraint("resource_id", "reader_id", "name"),
)

membership: Final = Table(
    "membership",
    metadata,
    _reference("group_id", "principal.id"),
    _reference("member_id", "principal.id"),  # of any kind: groups may be nested
    PrimaryKeyConstraint("group_id", "member_id"),
    Index(None, "member_id"),
)

delegation: Final = Table(
    "delegation",
    metadata,
    _reference("owner_id", "principal.id"),
    Column("level", SmallInteger, nullable=False),  # model.Proxy
    _reference("delegate_id", "principal.id"),
    PrimaryKeyConstraint("owner_id", "level", "delegate_id"),
    Index(None, "delegate_id"),
)

ace: Final = Table(
    "ace",
    metadata,
    _owner(),
    _reference("resource_id", "collection.id"),  # a home or a calendar
    Column("position", SmallInteger, nullable=False),
    Column("grantee", SmallInteger, nullable=False),  # model.Grantee
    Column("principal_id", BigInteger, nullable=False),  # 0: `grantee` says who
    Column("privileges", BigInteger, nullable=False),  # bits of acl.privileges.Privilege
    PrimaryKeyConstraint("resource_id", "position"),
    Index(None, "principal_id"),
)

link: Final = Table(
    "link",
    metadata,
    _id(),
    _owner(),
    # A calendar; a home: all of its calendars.
    _reference("collection_id", "collection.id"),
    Column("digest", Text, nullable=False),  # of the secret, which nobody keeps
    Column("label", Text, nullable=False),
    Column("mode", SmallInteger, nullable=False),  # model.Mode
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    UniqueConstraint("owner_id", "label"),
    Index(None, "collection_id"),
)

subscription: Final = Table(
    "subscription",
    metadata,
    _owner(),
    _reference("collection_id", "collection.id"),
    Column("source", Text, nullable=False),  # the URL; it may hold a password
    Column("refresh_s", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # while it is fetched: when others may
    Column("fetched_at", BigInteger),  # the last time that went well
    Column("failures", BigInteger, nullable=False),  # since then
    Column("error", Text),  # of the last time
    # What tells whether the feed has changed since then.
    Column("http_etag", Text),
    Column("http_modified", Text),
    Column("digest", Text),
    PrimaryKeyConstraint("collection_id"),
    Index(None, "due_at"),
)

share: Final = Table(
    "share",
    metadata,
    _id(),
    _owner(),
    _reference("collection_id", "collection.id"),
    Column("sharee_id", BigInteger, nullable=False),  # a user or a group; 0: everyone
    Column("level", SmallInteger, nullable=False),  # model.Level
    Column("summary", Text, nullable=False),  # what the owner calls the calendar
    Column("common_name", Text, nullable=False),  # what the owner calls the sharee
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("collection_id", "sharee_id"),
    Index(None, "sharee_id"),
)

# One row for each user whom a share reaches, in person or by a group, and who was told of it.
invitation: Final = Table(
    "invitation",
    metadata,
    _reference("owner_id", "principal.id"),  # who is invited
    _reference("collection_id", "collection.id"),
    Column("uid", Text, nullable=False),
    Column("answer", SmallInteger, nullable=False),  # model.Answer
    # The calendar's segment in the home of who accepted; null: it does not appear there.
    Column("name", Text),
    # What `collection.incarnation` is, for those who read by this.
    Column("incarnation", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),  # what who is invited calls the calendar
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("owner_id", "collection_id"),
    UniqueConstraint("owner_id", "name"),
    Index(None, "collection_id"),
)

notification: Final = Table(
    "notification",
    metadata,
    _id(),
    _owner(),
    _reference("collection_id", "collection.id"),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),  # model.Notice as JSON
    Column("etag", Text, nullable=False),  # without quotes
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("collection_id", "name"),
)

dav_lock: Final = Table(
    "dav_lock",
    metadata,
    Column("token", Text, nullable=False),
    _owner(),  # of what is locked
    # The root: a home or calendar (an empty name), or a name in a calendar, taken or reserved.
    _reference("collection_id", "collection.id"),
    Column("name", Text, nullable=False),
    Column("shared", SmallInteger, nullable=False),  # 0: exclusive
    Column("infinite", SmallInteger, nullable=False),  # Depth infinity
    _reference("creator_id", "principal.id"),
    Column("root", Text, nullable=False),  # the URL that was locked, as its creator spelled it
    Column("owner", Text, nullable=False),  # the whole DAV:owner element; empty: none
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("token"),
    Index(None, "owner_id", "expires_at"),
    Index(None, "collection_id", "name"),
    Index(None, "creator_id"),
    Index(None, "expires_at"),
)

setting: Final = Table(
    "setting",
    metadata,
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("name"),
)
