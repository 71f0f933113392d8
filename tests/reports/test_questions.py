"""Each question answers with the right figure, and in words where there is none."""

import re
from decimal import Decimal

import pytest

from app.domain.statistics import Unsaid, total
from app.storage.tables import InvalidMessageRow
from reports.banner import ARITHMETIC_CHECK, banner
from reports.capital import capital, tied
from reports.dead_letters import dead_letters
from reports.drawdown import drawdown
from reports.edge_heatmap import edge_heatmap
from reports.equity import equity
from reports.expected_against_realised import expected_against_realised
from reports.funnel import funnel
from reports.half_life import half_life, lifetimes
from reports.inventory import drift, inventory
from reports.latency import latency
from reports.number import duration, grouped, money, places
from reports.profit_by import profit_by
from reports.section import Section
from reports.view import DAY_NS, LedgerView
from tests.reports.report_builders import (
    NOON,
    SECOND,
    dead_letter,
    desk,
    fill,
    near_miss,
    one_trade,
    opportunity,
    order,
    quote,
    run,
    tally,
)

D = Decimal


def figures(section: Section) -> dict[str, str]:
    return {figure.label: figure.value.text for figure in section.figures}


def rows(section: Section, caption: str) -> list[list[str]]:
    [table] = [table for table in section.tables if table.caption.startswith(caption)]
    return [[value.text for value in row] for row in table.rows]


def test_net_profit_carries_the_exact_value() -> None:
    view = one_trade(orders=[order(profit=D("1234.567890123456789"))])

    [net, *_] = equity(view).figures

    assert (net.value.text, net.value.exact) == ("+1,234.57 USDT", "1234.567890123456789 USDT")


def test_one_trade_draws_no_line_and_says_so() -> None:
    section = equity(one_trade())

    assert section.charts == ()
    assert "One trade draws no line." in section.notes


def test_profit_that_never_fell_has_no_drawdown() -> None:
    assert figures(drawdown(one_trade())) == {"Deepest, USDT": "none"}


def test_the_deepest_fall_is_from_the_peak() -> None:
    orders = [order(f"t{i}", profit=D(p), settled_at=NOON + i * SECOND) for i, p in enumerate((5, -3, -4, 9))]

    section = drawdown(LedgerView(orders=orders))

    assert figures(section) == {"Deepest, USDT": "−7.00 USDT", "Longest under the peak, USDT": "2 s"}


def test_venues_share_a_trade_by_halves_and_sum_to_the_total() -> None:
    view = desk(60)
    section = profit_by(view)

    for currency, trades in view.by_currency.items():
        [table] = [table for table in section.tables if table.caption == f"By venue, in {currency}"]
        shares = [D(row[1].exact.split()[0]) for row in table.rows]
        assert total(shares) == total([trade.profit for trade in trades])


def test_days_without_a_trade_are_drawn_as_zero() -> None:
    orders = [order("t1", settled_at=NOON), order("t2", settled_at=NOON + 3 * DAY_NS)]

    daily = LedgerView(orders=orders).daily_profit("USDT")

    assert list(daily.values()) == [2, 0, 0, 2]


def test_the_worst_trades_come_first() -> None:
    orders = [order(f"t{i}", profit=D(2 - i)) for i in range(15)]

    table = rows(expected_against_realised(LedgerView(orders=orders)), "The 10 furthest")

    assert len(table) == 10
    assert table[0][4:7] == ["+2.00", "−12.00", "−14.00"]


def test_the_heatmap_names_the_median_of_each_direction() -> None:
    edges = [opportunity(f"o{i}", net_edge_bps=D(edge)) for i, edge in enumerate((1, 7, 100))]

    section = edge_heatmap(LedgerView(opportunities=edges))

    assert rows(section, "By direction") == [["alpha > beta", "BTC/USDT", "3", "7.0 bps", "190.0 bps", "3"]]
    assert "7.0 bps" in section.charts[0].svg


def test_the_funnel_counts_from_updates_to_fills_with_every_code() -> None:
    tallies = [
        tally("message_filter", "passed", 90),
        tally("message_filter", "locked", 10),
        tally("join", "joined", 45),
    ]
    tallies += [tally("detector", "paying:alpha>beta", 4), tally("detector", "near_miss:EDGE_BELOW_FEES", 7)]
    view = one_trade(
        tallies=tallies,
        opportunities=[opportunity(), opportunity("o2", refused="STALE_BOOK", amount=None)],
        near_misses=[near_miss(instants=7)],
        orders=[order(), order("t2", status="refused", code="INSUFFICIENT_FUNDS", profit=D(0))],
    )

    section = funnel(view)

    assert [row[2] for row in rows(section, "Stage")] == ["100", "90", "45", "4", "2", "2", "1"]
    codes = {row[0]: row[1:5] for row in rows(section, "Why not")}
    assert codes["EDGE_BELOW_FEES"] == ["7", "1", "0", "0"]
    assert codes["STALE_BOOK"] == ["0", "0", "1", "0"]
    assert codes["INSUFFICIENT_FUNDS"] == ["0", "0", "0", "1"]
    assert rows(section, "Left out") == [["locked", "best bid = best ask", "10"]]


def test_what_nobody_counted_is_not_available_rather_than_zero() -> None:
    stages = rows(funnel(one_trade(tallies=None)), "Stage")

    assert [row[2] for row in stages[:4]] == ["N/A"] * 4


def test_no_wall_clock_means_not_available_and_no_chart() -> None:
    section = latency(one_trade())

    assert section.empty.startswith("N/A")
    assert section.charts == ()


def test_latencies_are_percentiles_of_what_was_measured() -> None:
    orders = [order(f"t{i}", wall_tick=NOON, wall_decided=NOON + i * 1_000_000) for i in range(1, 101)]

    section = latency(LedgerView(orders=orders))

    assert rows(section, "Percentiles") == [
        ["Tick to order", "100", "50 ms", "90 ms", "99 ms", "100 ms"],
        ["Leg to leg", "0", "N/A", "N/A", "N/A", "N/A"],
    ]


def test_a_lifetime_finer_than_the_source_is_under_its_resolution() -> None:
    blink = [opportunity(f"o{i}", closed_at=NOON + SECOND // 4) for i in range(3)]

    assert figures(half_life(LedgerView(run=run(), opportunities=blink)))["Half-life"] == "under 1 s"


def test_an_opportunity_still_open_at_the_end_has_no_lifetime() -> None:
    lived = [opportunity("o1"), opportunity("o2", ended=False), opportunity("o3", closed_at=None, ended=None)]
    view = LedgerView(run=run(), opportunities=lived)

    section = half_life(view)

    assert lifetimes(view) == [4 * SECOND]
    assert figures(section)["Still open at the end"] == "2"
    assert any("2 opportunities were still open" in note for note in section.notes)


def test_peak_capital_is_what_lay_at_both_venues_at_once() -> None:
    there = one_trade().trades
    again = [fill("t2", "buy", "beta", "90", "1", at=NOON + 1), fill("t2", "sell", "alpha", "100", "1", at=NOON + 1)]
    back = one_trade(orders=[order(), order("t2", settled_at=NOON + 1)], fills=[*there[0].fills, *again])

    line = tied(back.trades)

    assert [str(point.all) for point in line] == ["100", "202", "100", "0"]


def test_a_short_record_is_not_annualised() -> None:
    section = capital(one_trade())

    assert figures(section)["Sharpe ratio, USDT"] == "too short"
    assert figures(section)["A year, USDT"] == "too short"
    assert figures(section)["Return on it, USDT"] == "0.9901 %"


def test_a_record_of_two_months_is_annualised_by_365_days() -> None:
    orders = [order(f"t{i}", settled_at=NOON + i * DAY_NS, profit=D(1 + i % 3)) for i in range(60)]
    fills = [
        fill(f"t{i}", side, "alpha", "100", "1", at=NOON + i * DAY_NS) for i in range(60) for side in ("buy", "sell")
    ]

    shown = figures(capital(LedgerView(orders=orders, fills=fills)))

    assert shown["Return on it, USDT"] == "120.00 %"
    assert shown["A year, USDT"] == "730.00 %"
    assert "too short" not in shown["Sharpe ratio, USDT"]


def test_drift_is_what_came_less_what_went_and_fees() -> None:
    fills = [fill("t1", "buy", "alpha", "100", "2", fee=D("0.002"), fee_asset="BTC")]

    moved = drift(fills)

    assert moved["alpha", "BTC"].net == D("1.998")
    assert (moved["alpha", "USDT"].net, moved["alpha", "USDT"].lowest) == (D(-200), D(-200))


def test_drift_is_valued_at_the_last_bid() -> None:
    view = one_trade(quotes=[quote("alpha", "BTC/USDT", "110", "111")])

    [alpha, beta, *_] = rows(inventory(view), "By asset")

    assert (alpha[-1], beta[-1]) == ("+110.00 USDT", "")


def test_dead_letters_are_counted_by_code_and_venue() -> None:
    letters = [dead_letter("d1"), dead_letter("d2", trade_id="t2"), dead_letter("d3", code="EXPIRED", venue="")]

    section = dead_letters(LedgerView(dead_letters=letters))

    assert [row[:2] + row[3:] for row in rows(section, "By code")] == [
        ["VENUE_REFUSED", "delta", "2"],
        ["EXPIRED", "–", "1"],
    ]


def test_invalid_messages_are_counted_and_the_first_places_named() -> None:
    invalid = [InvalidMessageRow(where=f"a.csv:{line}") for line in range(1, 6)]

    section = dead_letters(LedgerView(invalid=invalid))

    assert section.warnings == ("Invalid messages: 5, at a.csv:1, a.csv:2, a.csv:3, …. See `crossbook dlq invalid`.",)


def test_unlimited_funds_are_said_first_of_all() -> None:
    head = banner(LedgerView(run=run(funds="unlimited")))

    assert "unlimited" in head.first
    assert "Transfers" in head.first
    assert "price moves" in head.first


def test_trading_every_instant_is_an_arithmetic_check() -> None:
    assert banner(LedgerView(run=run(trade="every"))).check == ARITHMETIC_CHECK
    assert banner(LedgerView(run=run())).check == ""


@pytest.mark.parametrize(("found", "expected"), [(None, None), ((), True), (("t1: legs differ",), False)])
def test_reconciled_is_unknown_where_nobody_tried(found: tuple[str, ...] | None, expected: bool | None) -> None:
    assert banner(LedgerView(discrepancies=found)).reconciled is expected


def test_a_trade_left_open_is_no_profit_and_every_sum_says_so() -> None:
    exposed = order(status="exposed", exposure_base=D(1), profit=D(-100))
    view = one_trade(orders=[exposed], fills=[fill("t1", "buy", "alpha", "100", "1")])

    assert "neither profit nor loss" in equity(view).warnings[0]
    assert figures(equity(view))["Realised profit, USDT"] == "0.00 USDT"
    assert banner(view).figures[0].value.text == "−100.00 USDT"


def test_numbers_are_grouped_with_a_true_minus_and_no_negative_zero() -> None:
    assert grouped(D("-1234.5"), 2) == "−1,234.50"
    assert grouped(D("-0.001"), 2) == "0.00"
    assert money(D("0.00001234")).text == "0.00001234"
    assert places([D("123456")]) == 0


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0 s"), (850, "850 ns"), (1_500, "1.5 µs"), (4 * SECOND, "4 s"), (90 * SECOND, "1.5 min")]
)
def test_a_duration_has_the_unit_that_suits(ns: int, text: str) -> None:
    assert duration(ns) == text


def test_unsaid_keeps_its_reason() -> None:
    assert Unsaid("too short: 1 of at least 2 values").reason.startswith("too short")


def test_two_trades_at_one_time_do_not_lie_on_top_of_each_other() -> None:
    trades = [order(f"t{number}", sequence=number, profit=D(100)) for number in (1, 2)]
    fills = [
        fill(f"t{number}", role, venue, price, "1")
        for number in (1, 2)
        for role, venue, price in (("buy", "alpha", "100"), ("sell", "beta", "200"))
    ]

    section = equity(LedgerView(run=run(), orders=trades, fills=fills))

    labels = [float(text) for text in re.findall(r">([0-9]+(?:\.[0-9]+)?)</text>", section.charts[0].svg)]
    assert max(labels) <= 250
