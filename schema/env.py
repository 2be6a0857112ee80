"""Alembic's environment: runs migrations on the connection that `caldavd.store.schema` opened.

To draft a new version: write `versions/NNNN_what.py` by hand after the last one. Versions only go
forward; `tests/test_schema.py` compares their result with `caldavd.store.tables`.
"""

from __future__ import annotations

from alembic import context

from caldavd.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
