"""Alembic's revisions of the ledger, run by `app.storage.schema`; no alembic.ini is needed."""

HEAD = "0001"
"""The revision that the tables of this program are at; a test holds it against the scripts."""
