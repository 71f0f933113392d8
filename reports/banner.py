"""What ran, and can its numbers be trusted? The head of the page: everything below is true only of this."""

from dataclasses import dataclass

from app.domain.statistics import total
from reports.number import count, duration, money, time
from reports.section import Figure, Value
from reports.trade import Trade
from reports.view import LedgerView

UNLIMITED = (
    "Funds are unlimited: these trades were not limited by what an account holds. Transfers between venues and price "
    "moves of the inventory are not included."
)
ARITHMETIC_CHECK = "Arithmetic check, not a track record"
_CHECK = (
    "Trade mode “every”: each paying instant was traded anew, the same offer many times over. The sums test the "
    "arithmetic; nobody could have earned them."
)


@dataclass(frozen=True, slots=True)
class Banner:
    """The page's head. `first` comes before everything else; `reconciled` is None where nobody tried."""

    heading: str
    period: str
    first: str
    check: str
    check_detail: str
    reconciled: bool | None
    discrepancies: tuple[str, ...]
    more_discrepancies: int
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]


def banner(view: LedgerView) -> Banner:
    """The run, how it traded, whether it reconciles, and the few figures that one looks for first."""
    run, found = view.run, tuple(view.discrepancies or ())
    every = run is not None and run.trade == "every"
    return Banner(
        heading="Crossbook performance report",
        period=_period(view),
        first=UNLIMITED if run is not None and "unlimited" in run.funds.lower() else "",
        check=ARITHMETIC_CHECK if every else "",
        check_detail=_CHECK if every else "",
        reconciled=None if view.discrepancies is None else not found,
        discrepancies=found[:20],
        more_discrepancies=max(len(found) - 20, 0),
        facts=_facts(view),
        figures=_figures(view),
    )


def _period(view: LedgerView) -> str:
    if view.day is not None:
        return f"{view.day.isoformat()} (UTC)"
    if view.span is None:
        return "no data"
    first, last = view.span
    return f"{time(first)} to {time(last)} UTC ({duration(last - first)})"


def _facts(view: LedgerView) -> tuple[tuple[str, str], ...]:
    run = view.run
    if run is None:
        return (("Run", "the ledger does not say what it is the ledger of"),)
    resolution = duration(run.resolution_ns) if run.resolution_ns else "not recorded"
    return (
        ("Source", run.source),
        ("Mode", run.mode),
        ("Trade mode", "every paying instant" if run.trade == "every" else f"{run.trade}: one attempt an opportunity"),
        ("Join", run.join),
        ("Fees", run.fees or "none"),
        ("Latency", run.latency or "none"),
        ("Funds", run.funds or "not recorded"),
        ("Depletion", "on: what we took is withheld" if run.depletion else "off: an offer may be taken again"),
        ("Resolution", resolution),
        ("Run", run.run),
        ("Started", f"{time(run.wall_started)} UTC"),
    )


def _figures(view: LedgerView) -> tuple[Figure, ...]:
    profits = tuple(
        Figure(
            f"Net profit, {currency}",
            money(total([trade.change for trade in trades]), currency, toned=True),
            _trades(currency, trades),
        )
        for currency, trades in view.by_currency.items()
    )
    filled, repaired = (sum(order.status == status for order in view.orders) for status in ("filled", "repaired"))
    failed = Value(f"{len(view.dead_letters):,}", tone="warn" if view.dead_letters else "")
    return (
        *(profits or (Figure("Net profit", Value("none"), "no trade was settled"),)),
        Figure("Opportunities", count(len(view.opportunities))),
        Figure("Orders filled", count(filled), f"of {len(view.orders):,}; {repaired:,} repaired"),
        Figure("Dead letters", failed),
    )


def _trades(currency: str, trades: tuple[Trade, ...]) -> str:
    said = f"{len(trades):,} trade{'s' if len(trades) > 1 else ''}"
    open_now = total([-trade.left_open for trade in trades])
    return f"{said}; {money(open_now, currency, toned=True).text} of it left open, no profit" if open_now else said
