"""The ledger's tables. Keys are natural, so that a second delivery changes nothing.

Offsets, counts and sequences are 64 bits wide, as Kafka's are. Text is `Prose` everywhere, which any stranger's fits.

Times are event time in integer nanoseconds, except columns named `wall_*`, which say how this one run went and which
`crossbook ledger diff` leaves out. Money is in quote currency unless the name says base.
"""

from decimal import Decimal

from sqlalchemy import BigInteger, Column, LargeBinary, Table, inspect
from sqlmodel import AutoString, Field, SQLModel

from app.storage.types import Money, Prose


def _money(nullable: bool = False) -> Column[Decimal]:
    return Column(Money(), nullable=nullable)


def _wide(primary_key: bool = False, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(BigInteger(), nullable=nullable, primary_key=primary_key, index=index)


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a row class."""
    table = inspect(model).local_table
    assert isinstance(table, Table)  # noqa: S101 - tells mypy what a mapped class is mapped to
    return table


class MarketDataRow(SQLModel, table=True):
    """A sampled quote: the first book of each venue, pair and conflation interval."""

    __tablename__ = "market_data"
    venue: str = Field(primary_key=True)
    pair: str = Field(primary_key=True)
    received_time: int = Field(sa_column=_wide(primary_key=True))
    exchange_time: int | None = Field(sa_column=_wide(nullable=True))
    bid: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    """None, as its size: the side is empty."""
    bid_size: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    ask: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    ask_size: Decimal | None = Field(default=None, sa_column=_money(nullable=True))


class OpportunityRow(SQLModel, table=True):
    """An opportunity from its opening to its close, whichever of the two was heard of first.

    The database lets prices and edges be null, for a close that came first; `queries` leaves such rows out.
    """

    __tablename__ = "arbitrage_opportunities"
    opportunity_id: str = Field(primary_key=True)
    pair: str = Field(index=True)
    buy_venue: str
    sell_venue: str
    opened_at: int = Field(sa_column=_wide(index=True))
    closed_at: int | None = Field(default=None, sa_column=_wide(nullable=True))
    ended: bool | None = None
    """None: not heard of since it opened; False: still open when the feed ended."""
    paying_instants: int | None = Field(default=None, sa_column=_wide(nullable=True))
    ask: Decimal = Field(sa_column=_money(nullable=True))
    bid: Decimal = Field(sa_column=_money(nullable=True))
    gross_edge_bps: Decimal = Field(sa_column=_money(nullable=True))
    net_edge_bps: Decimal = Field(sa_column=_money(nullable=True))
    best_net_edge_bps: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    amount: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    expected_profit: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    refused: str = ""


class NearMissRow(SQLModel, table=True):
    __tablename__ = "near_misses"
    near_miss_id: str = Field(primary_key=True)
    pair: str
    buy_venue: str
    sell_venue: str
    code: str = Field(index=True)
    first_at: int = Field(sa_column=_wide(index=True))
    last_at: int = Field(sa_column=_wide())
    instants: int = Field(sa_column=_wide())
    best_gross_edge_bps: Decimal = Field(sa_column=_money())
    detail: str = ""


class TradeOrderRow(SQLModel, table=True):
    """One attempt at an opportunity and, once it is known, its one outcome."""

    __tablename__ = "trade_orders"
    trade_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    opportunity_id: str = Field(index=True)
    account: str
    pair: str
    buy_venue: str
    sell_venue: str
    decided_at: int = Field(sa_column=_wide(index=True))
    expires_at: int = Field(sa_column=_wide())
    buy_amount: Decimal = Field(sa_column=_money())
    sell_amount: Decimal = Field(sa_column=_money())
    buy_limit: Decimal = Field(sa_column=_money())
    sell_limit: Decimal = Field(sa_column=_money())
    buy_notional: Decimal = Field(sa_column=_money())
    sell_notional: Decimal = Field(sa_column=_money())
    expected_profit: Decimal = Field(sa_column=_money())
    gross_edge: Decimal = Field(sa_column=_money())
    message_id: str
    market_data_partition: int
    market_data_offset: int = Field(sa_column=_wide())
    status: str | None = None
    """filled, repaired, exposed, failed, refused; None while the outcome is not known."""
    code: str = ""
    detail: str = ""
    settled_at: int | None = Field(default=None, sa_column=_wide(nullable=True))
    sequence: int | None = Field(default=None, sa_column=_wide(nullable=True))
    profit: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    repair_cost: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    exposure_base: Decimal | None = Field(default=None, sa_column=_money(nullable=True))
    wall_tick: int | None = Field(default=None, sa_column=_wide(nullable=True))
    wall_decided: int | None = Field(default=None, sa_column=_wide(nullable=True))
    wall_legs_sent: int | None = Field(default=None, sa_column=_wide(nullable=True))
    wall_legs_gap: int | None = Field(default=None, sa_column=_wide(nullable=True))
    """Nanoseconds between the sending of the two legs."""
    wall_settled: int | None = Field(default=None, sa_column=_wide(nullable=True))


class FillRow(SQLModel, table=True):
    """One fill of one order at a venue."""

    __tablename__ = "trades"
    client_order_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """Which of the order's fills, from 0."""
    trade_id: str = Field(index=True)
    attempt: int
    role: str
    """buy, sell, or repair-<n>."""
    venue: str
    pair: str
    side: str
    price: Decimal = Field(sa_column=_money())
    amount: Decimal = Field(sa_column=_money())
    """Base currency."""
    fee: Decimal = Field(sa_column=_money())
    fee_asset: str
    at: int = Field(sa_column=_wide())


class BalanceRow(SQLModel, table=True):
    __tablename__ = "balances"
    account: str = Field(primary_key=True)
    venue: str = Field(primary_key=True)
    asset: str = Field(primary_key=True)
    opening: Decimal = Field(sa_column=_money())
    closing: Decimal = Field(sa_column=_money())
    sequence: int = Field(sa_column=_wide())
    """The account's settled trade that it stands after; a row gives way to a higher one only."""


class DeadLetterRow(SQLModel, table=True):
    __tablename__ = "dead_letters"
    dead_letter_id: str = Field(primary_key=True)
    trade_id: str = Field(index=True)
    channel: str
    route: str
    venue: str
    code: str
    detail: str
    redeliveries: int
    failed_at: int = Field(sa_column=_wide())
    correlation_id: str
    wall_partition: int
    wall_offset: int = Field(sa_column=_wide())
    """Where in dead_letters it stands."""


class InvalidMessageRow(SQLModel, table=True):
    __tablename__ = "invalid_messages"
    invalid_id: str = Field(primary_key=True)
    where: str
    reason: str
    field: str
    value: str
    raw: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))


class TallyRow(SQLModel, table=True):
    """How often something happened on a pair, as its route counted; a row gives way to a later one only."""

    __tablename__ = "tallies"
    route: str = Field(primary_key=True)
    pair: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    count: int = Field(sa_column=_wide())
    event_time: int = Field(sa_column=_wide())


class MessageRow(SQLModel, table=True):
    """The message store: where each message stands in Kafka and what it came from; the payload stays there."""

    __tablename__ = "messages"
    message_id: str = Field(primary_key=True)
    correlation_id: str = Field(index=True)
    causation_id: str
    channel: str
    partition: int
    route: str
    event_time: int = Field(sa_column=_wide())
    wall_offset: int = Field(sa_column=_wide())
    wall_sent: int = Field(sa_column=_wide())


class RunRow(SQLModel, table=True):
    """One row: what this ledger is the ledger of. Text and numbers as the run was started with."""

    __tablename__ = "runs"
    run: str = Field(primary_key=True)
    mode: str
    """demo, replay, paper."""
    source: str
    trade: str
    join: str
    fees: str
    latency: str
    funds: str
    depletion: bool
    resolution_ns: int | None = Field(default=None, sa_column=_wide(nullable=True))
    """Typical distance of two instants of the source."""
    wall_started: int = Field(sa_column=_wide())


for _table in SQLModel.metadata.tables.values():
    for _column in _table.columns:
        if isinstance(
            _column.type, AutoString
        ):  # here once, because SQLModel has no type map that a field would follow
            _column.type = Prose()
