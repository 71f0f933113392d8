"""All tables, and the views that answer what is asked most."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Money

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


QUOTE = {"sqlite": "substr(pair, instr(pair, '/') + 1)", "postgresql": "split_part(pair, '/', 2)"}

BEST_OPPORTUNITIES = """
CREATE VIEW v_best_opportunities AS
SELECT rank() OVER (
           PARTITION BY {quote}
           ORDER BY CAST(expected_profit AS DOUBLE PRECISION) DESC, CAST(net_edge_bps AS DOUBLE PRECISION) DESC
       ) AS place,
       {quote} AS quote_asset,
       opportunity_id, pair, buy_venue, sell_venue, opened_at, closed_at, ended, paying_instants,
       expected_profit, amount, net_edge_bps, best_net_edge_bps
FROM arbitrage_opportunities
WHERE expected_profit IS NOT NULL
"""
"""What could earn most first, within each quote currency: money of two currencies cannot be ranked. The casts serve the
order alone; every figure shown is the exact one."""

EXCHANGE_PERFORMANCE = """
CREATE VIEW v_exchange_performance AS
SELECT legs.venue, legs.pair,
       count(*) AS orders,
       sum(CASE WHEN legs.side = 'buy' THEN 1 ELSE 0 END) AS buys,
       sum(CASE WHEN legs.side = 'sell' THEN 1 ELSE 0 END) AS sells,
       sum(CASE WHEN legs.status IS NULL THEN 1 ELSE 0 END) AS open_orders,
       sum(CASE WHEN legs.status = 'filled' THEN 1 ELSE 0 END) AS filled,
       sum(CASE WHEN legs.status = 'repaired' THEN 1 ELSE 0 END) AS repaired,
       sum(CASE WHEN legs.status = 'exposed' THEN 1 ELSE 0 END) AS exposed,
       sum(CASE WHEN legs.status = 'failed' THEN 1 ELSE 0 END) AS failed,
       sum(CASE WHEN legs.status = 'refused' THEN 1 ELSE 0 END) AS refused,
       (SELECT count(*) FROM trades WHERE trades.venue = legs.venue AND trades.pair = legs.pair) AS fills
FROM (
    SELECT buy_venue AS venue, pair, 'buy' AS side, status FROM trade_orders
    UNION ALL
    SELECT sell_venue AS venue, pair, 'sell' AS side, status FROM trade_orders
) AS legs
GROUP BY legs.venue, legs.pair
"""
"""How the trades went in which a venue had a leg. Counts only: SQLite would add up money as floats."""


def upgrade() -> None:
    op.create_table(
        "arbitrage_opportunities",
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("buy_venue", sa.String(), nullable=False),
        sa.Column("sell_venue", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.Boolean(), nullable=True),
        sa.Column("paying_instants", sa.BigInteger(), nullable=True),
        sa.Column("ask", Money(), nullable=True),
        sa.Column("bid", Money(), nullable=True),
        sa.Column("gross_edge_bps", Money(), nullable=True),
        sa.Column("net_edge_bps", Money(), nullable=True),
        sa.Column("best_net_edge_bps", Money(), nullable=True),
        sa.Column("amount", Money(), nullable=True),
        sa.Column("expected_profit", Money(), nullable=True),
        sa.Column("refused", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("opportunity_id"),
    )
    op.create_index("ix_arbitrage_opportunities_opened_at", "arbitrage_opportunities", ["opened_at"])
    op.create_index("ix_arbitrage_opportunities_pair", "arbitrage_opportunities", ["pair"])
    op.create_table(
        "balances",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("opening", Money(), nullable=False),
        sa.Column("closing", Money(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "venue", "asset"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("dead_letter_id", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("redeliveries", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("wall_partition", sa.Integer(), nullable=False),
        sa.Column("wall_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dead_letter_id"),
    )
    op.create_index("ix_dead_letters_trade_id", "dead_letters", ["trade_id"])
    op.create_table(
        "invalid_messages",
        sa.Column("invalid_id", sa.String(), nullable=False),
        sa.Column("where", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("invalid_id"),
    )
    op.create_table(
        "market_data",
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("received_time", sa.BigInteger(), nullable=False),
        sa.Column("exchange_time", sa.BigInteger(), nullable=True),
        sa.Column("bid", Money(), nullable=True),
        sa.Column("bid_size", Money(), nullable=True),
        sa.Column("ask", Money(), nullable=True),
        sa.Column("ask_size", Money(), nullable=True),
        sa.PrimaryKeyConstraint("venue", "pair", "received_time"),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("causation_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("wall_offset", sa.BigInteger(), nullable=False),
        sa.Column("wall_sent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_messages_correlation_id", "messages", ["correlation_id"])
    op.create_table(
        "near_misses",
        sa.Column("near_miss_id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("buy_venue", sa.String(), nullable=False),
        sa.Column("sell_venue", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("instants", sa.BigInteger(), nullable=False),
        sa.Column("best_gross_edge_bps", Money(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("near_miss_id"),
    )
    op.create_index("ix_near_misses_code", "near_misses", ["code"])
    op.create_index("ix_near_misses_first_at", "near_misses", ["first_at"])
    op.create_table(
        "runs",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("trade", sa.String(), nullable=False),
        sa.Column("join", sa.String(), nullable=False),
        sa.Column("fees", sa.String(), nullable=False),
        sa.Column("latency", sa.String(), nullable=False),
        sa.Column("funds", sa.String(), nullable=False),
        sa.Column("depletion", sa.Boolean(), nullable=False),
        sa.Column("resolution_ns", sa.BigInteger(), nullable=True),
        sa.Column("wall_started", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "tallies",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("route", "pair", "name"),
    )
    op.create_table(
        "trade_orders",
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("opportunity_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("buy_venue", sa.String(), nullable=False),
        sa.Column("sell_venue", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("buy_amount", Money(), nullable=False),
        sa.Column("sell_amount", Money(), nullable=False),
        sa.Column("buy_limit", Money(), nullable=False),
        sa.Column("sell_limit", Money(), nullable=False),
        sa.Column("buy_notional", Money(), nullable=False),
        sa.Column("sell_notional", Money(), nullable=False),
        sa.Column("expected_profit", Money(), nullable=False),
        sa.Column("gross_edge", Money(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("market_data_partition", sa.Integer(), nullable=False),
        sa.Column("market_data_offset", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("profit", Money(), nullable=True),
        sa.Column("repair_cost", Money(), nullable=True),
        sa.Column("exposure_base", Money(), nullable=True),
        sa.Column("wall_tick", sa.BigInteger(), nullable=True),
        sa.Column("wall_decided", sa.BigInteger(), nullable=True),
        sa.Column("wall_legs_sent", sa.BigInteger(), nullable=True),
        sa.Column("wall_legs_gap", sa.BigInteger(), nullable=True),
        sa.Column("wall_settled", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("trade_id", "attempt"),
    )
    op.create_index("ix_trade_orders_decided_at", "trade_orders", ["decided_at"])
    op.create_index("ix_trade_orders_opportunity_id", "trade_orders", ["opportunity_id"])
    op.create_table(
        "trades",
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price", Money(), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("fee", Money(), nullable=False),
        sa.Column("fee_asset", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_order_id", "number"),
    )
    op.create_index("ix_trades_trade_id", "trades", ["trade_id"])
    op.execute(BEST_OPPORTUNITIES.format(quote=QUOTE[op.get_context().dialect.name]))
    op.execute(EXCHANGE_PERFORMANCE)


def downgrade() -> None:
    for view in ("v_exchange_performance", "v_best_opportunities"):
        op.execute(f"DROP VIEW {view}")
    for table in (
        "arbitrage_opportunities",
        "balances",
        "dead_letters",
        "invalid_messages",
        "market_data",
        "messages",
        "near_misses",
        "runs",
        "tallies",
        "trade_orders",
        "trades",
    ):
        op.drop_table(table)
