"""Run by Alembic for each command, over the connection that `app.storage.schema` hands it."""

from alembic import context
from sqlmodel import SQLModel

import app.storage.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
)
with context.begin_transaction():
    context.run_migrations()
