"""The ledger: the one door to the database, in and out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from sqlalchemy import Executable, RowMapping, event, func, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.domain.errors import Halt, NotRunning
from app.storage import schema
from app.storage.address import address, file_of, is_sqlite, shown
from app.storage.faults import translated
from app.storage.tables import table_of
from app.storage.upsert import Shape, Upsert, fold, key_columns

T = TypeVar("T")


class Ledger:
    """An open ledger on SQLite or PostgreSQL. Safe to use from many tasks; every error that leaves it is ours."""

    def __init__(self, engine: AsyncEngine, name: str) -> None:
        self._engine = engine
        self.name = name
        """The database as people may see it: no password."""
        self._statements: dict[Shape, Executable] = {}

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True, timeout_s: float = 10.0) -> Self:
        """Opens the ledger at `url` and brings its schema up to ours; several processes may do so at once.

        With `migrate=False` it is opened to be read: NotRunning where there is none, ConfigurationError where it is of
        another revision. `timeout_s` bounds each wait for a lock, a connection or an answer. Raises ConfigurationError
        for a URL, user or database that is wrong and for a ledger newer than this program, Retry where it is away.
        """
        parsed = address(url)
        name, file = shown(parsed), file_of(parsed)
        with translated(name):
            if file is not None and not migrate and not file.is_file():
                raise NotRunning(f"there is no {name}; start a worker, a demo or a replay, which makes it")
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            if is_sqlite(parsed):
                arguments: dict[str, Any] = {"timeout": timeout_s, "isolation_level": None}
                engine = create_async_engine(parsed, connect_args=arguments)
                _prepare_sqlite(engine, read_only=not migrate)
            else:
                reading = {} if migrate else {"default_transaction_read_only": "on"}
                arguments = {"timeout": timeout_s, "command_timeout": timeout_s, "server_settings": reading}
                engine = create_async_engine(parsed, connect_args=arguments, pool_pre_ping=True)
            try:
                await (schema.migrate if migrate else schema.require_current)(engine, name)
            except BaseException:
                await engine.dispose()
                raise
        return cls(engine, name)

    async def write(self, rows: Sequence[Upsert]) -> None:
        """All rows or none, in one transaction; a row that is there already is treated as its Upsert says.

        Raises Retry where the database is away, locked, full or read-only, Halt where a row does not fit its table.
        """
        if not rows:
            return
        with translated(self.name):
            async with self._engine.begin() as connection:
                for shape, values in fold(rows).items():
                    await connection.execute(self._statement(shape), values)

    async def all(self, query: SelectOfScalar[T]) -> list[T]:
        """The row objects that the query finds, detached. Raises Retry where the database is away."""
        async with self._session() as session:
            return list(await session.exec(query))

    async def tuples(self, query: Executable) -> list[tuple[Any, ...]]:
        """Like `all` for several columns, or sums of them."""
        return (await self.snapshot(query))[0]

    async def snapshot(self, *queries: Executable) -> list[list[tuple[Any, ...]]]:
        """What each query finds, all at one moment: no write stands half in it."""
        options = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with translated(self.name):
            async with self._engine.connect() as connection:
                await connection.execution_options(**options)
                return [[tuple(row) for row in await connection.execute(query)] for query in queries]

    async def first(self, query: SelectOfScalar[T]) -> T | None:
        """The first row object, or None."""
        return next(iter(await self.all(query.limit(1))), None)

    async def count(self, model: type[SQLModel]) -> int:
        """How many rows the table has."""
        return (await self.all(select(func.count()).select_from(model)))[0]

    async def stream(self, query: Executable) -> AsyncIterator[RowMapping]:
        """The query's rows one by one, by column name: for tables that memory may not hold."""
        with translated(self.name):
            async with self._engine.connect() as connection:
                result = await connection.stream(query, execution_options={"yield_per": 1_000})
                async for row in result.mappings():
                    yield row

    async def close(self) -> None:
        """Closes all connections. Nothing is raised: what was written is written."""
        await self._engine.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        with translated(self.name):
            async with AsyncSession(self._engine, expire_on_commit=False) as session:
                yield session

    def _statement(self, shape: Shape) -> Executable:
        if shape not in self._statements:
            self._statements[shape] = _upserting(shape, self.dialect)
        return self._statements[shape]


def _upserting(shape: Shape, dialect: str) -> Executable:
    table, key = table_of(shape.model), key_columns(shape.model)
    if unknown := shape.columns - set(table.columns.keys()):  # SQLAlchemy would leave them out without a word
        raise Halt(f"table {table.name} has no column {', '.join(sorted(unknown))}; report it")
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not shape.update:
        return insert.on_conflict_do_nothing(index_elements=key)
    taken = {column: insert.excluded[column] for column in shape.update}
    if not shape.newer:
        return insert.on_conflict_do_update(index_elements=key, set_=taken)
    incoming = tuple_(*(insert.excluded[column] for column in shape.newer))
    return insert.on_conflict_do_update(
        index_elements=key, set_=taken, where=incoming > tuple_(*(table.c[column] for column in shape.newer))
    )


def _prepare_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    """WAL, so that readers and the writer do not wait for each other; FULL, because the broker's offsets are committed
    once a write returned: under NORMAL a power cut could take rows that no one would send again."""

    @event.listens_for(engine.sync_engine, "connect")
    def _settings(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=ON" if read_only else "PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        exclusive = connection.get_execution_options().get("exclusive")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if exclusive else "BEGIN")
