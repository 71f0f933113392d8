"""No error of a lower layer gets out as itself, and none tells a password."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy import exc

from app.domain.errors import ConfigurationError, CrossbookError, Halt, Retry
from app.storage.address import address, shown
from app.storage.faults import LOWER, translate, translated


def subclasses(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind}.union(*(subclasses(each) for each in kind.__subclasses__()))


def made(kind: type[BaseException]) -> BaseException:
    """An error of that kind, with as many arguments as it takes."""
    broke = "it broke"
    statement = ("INSERT", {}, Exception(broke))
    for arguments in ((broke,), statement, (broke, *statement), (broke, "x"), (broke, "x", "y"), (broke, [], [])):
        try:
            return kind(*arguments)
        except (TypeError, ValueError):
            continue
    raise AssertionError(f"how is {kind} made?")


def coded(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("it broke")
    error.sqlite_errorcode = code
    return error


def test_every_lower_error_becomes_one_of_ours() -> None:
    ours = ("sqlalchemy", "asyncpg", "sqlite3", "builtins", "socket")
    kinds = {each for lower in LOWER for each in subclasses(lower) if each.__module__.split(".")[0] in ours}
    kinds = {
        kind for kind in kinds if kind.__module__ != "sqlalchemy.orm.exc"
    }  # made from mappers: bases stand for them
    assert len(kinds) > 200

    for kind in kinds:
        with pytest.raises(CrossbookError, match=r"^the ledger: .+; "), translated("the ledger"):
            raise made(kind)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, Retry),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Retry),
        (sqlite3.SQLITE_LOCKED, Retry),
        (sqlite3.SQLITE_FULL, Retry),
        (sqlite3.SQLITE_READONLY, Retry),
        (sqlite3.SQLITE_IOERR_WRITE, Retry),
        (sqlite3.SQLITE_CANTOPEN, Retry),
        (sqlite3.SQLITE_NOTADB, ConfigurationError),
        (sqlite3.SQLITE_CORRUPT, Halt),
        (sqlite3.SQLITE_CONSTRAINT, Halt),
        (sqlite3.SQLITE_ERROR, Halt),
    ],
)
def test_what_sqlite_says_decides_what_to_do(code: int, kind: type[CrossbookError]) -> None:
    assert type(translate(exc.OperationalError("INSERT", {}, coded(code)), "x")) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.TooManyConnectionsError("x"), Retry),
        (asyncpg.DiskFullError("x"), Retry),
        (asyncpg.DeadlockDetectedError("x"), Retry),
        (asyncpg.ReadOnlySQLTransactionError("x"), Retry),
        (asyncpg.AdminShutdownError("x"), Retry),
        (asyncpg.QueryCanceledError("x"), Retry),
        (asyncpg.ConnectionDoesNotExistError("x"), Retry),
        (asyncpg.InterfaceError("connection is closed"), Retry),
        (asyncpg.InvalidPasswordError("x"), ConfigurationError),
        (asyncpg.InvalidCatalogNameError("x"), ConfigurationError),
        (asyncpg.InsufficientPrivilegeError("x"), ConfigurationError),
        (asyncpg.UndefinedTableError("x"), Halt),
        (asyncpg.NotNullViolationError("x"), Halt),
        (ConnectionRefusedError(111, "refused"), Retry),
        (TimeoutError(), Retry),
    ],
)
def test_what_postgresql_says_decides_what_to_do(error: Exception, kind: type[CrossbookError]) -> None:
    wrapped = exc.DBAPIError("INSERT", {}, error)

    assert type(translate(wrapped, "x")) is kind
    assert type(translate(error, "x")) is kind


def test_a_message_tells_neither_the_statement_nor_its_values() -> None:
    error = exc.IntegrityError("INSERT secret", {"a": "secret"}, sqlite3.IntegrityError("NOT NULL failed"))

    assert str(translate(error, "the ledger")) == (
        "the ledger: NOT NULL failed; this is no fault of the database: report it with this message"
    )


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        TimeoutError(),
        asyncpg.CannotConnectNowError("x"),
        asyncpg.ConnectionDoesNotExistError("x"),
        asyncpg.InvalidPasswordError("x"),
        asyncpg.InvalidAuthorizationSpecificationError("x"),
        asyncpg.InvalidCatalogNameError("x"),
        asyncpg.InsufficientPrivilegeError("x"),
        asyncpg.ReadOnlySQLTransactionError("x"),
        asyncpg.exceptions.ClientConfigurationError("`sslmode` parameter must be one of: disable, allow"),
        *map(coded, (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOTADB)),
    ],
    ids=repr,
)
def test_where_another_ledger_would_do_the_setting_is_named(error: Exception) -> None:
    assert "CROSSBOOK_LEDGER" in str(translate(exc.DBAPIError("SELECT", {}, error), "x")).partition("; ")[2]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///a/b.db", "SQLite ledger a/b.db"),
        ("sqlite:////a/b.db", "SQLite ledger /a/b.db"),
        ("sqlite://", "SQLite ledger :memory:"),
        ("postgres://me:pa%40ss@db:5432/books", "ledger postgresql://me:***@db:5432/books"),
        ("postgresql+asyncpg://db/books?password=secret", "ledger postgresql://db/books"),
    ],
)
def test_a_ledger_is_named_without_its_password(url: str, name: str) -> None:
    assert shown(address(url)) == name


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://me:secret@host/x",
        "postgresql://me:secret@host:port/x",
        "postgresql://me:half@secret@host/x",
        "postgresql://me:half@host/secret@host/x",
        "postgresql://me:secret@host/x?no_such_option=secret",
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"URL.*CROSSBOOK_LEDGER") as caught:
        address(url)

    assert "secret" not in str(caught.value)


def test_libpq_s_sslmode_is_what_asyncpg_calls_ssl() -> None:
    assert address("postgresql://h/x?sslmode=require").query == {"ssl": "require"}
