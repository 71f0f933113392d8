"""What failed for good? Dead letters by code and venue, and the latest of them."""

from collections import Counter

from reports.number import count, distinct, time
from reports.section import Figure, Section, Table, Value
from reports.view import LedgerView

TITLE = "What failed for good?"
_LATEST = 10
_NAMED = 3
"""Invalid messages whose place is named."""


def dead_letters(view: LedgerView) -> Section:
    """Orders that a venue refused or failed, that expired, or whose retries were exhausted."""
    letters = view.dead_letters
    if not letters:
        empty = "Nothing: there are no dead letters."
        return Section("dead-letters", TITLE, "Dead letters", warnings=_invalid(view), empty=empty)
    groups = Counter((row.code, row.venue or "–", row.route) for row in letters)
    by_code = tuple(
        (Value(code), Value(venue), Value(route), count(number))
        for (code, venue, route), number in sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    )
    latest = sorted(letters, key=lambda row: (row.failed_at, row.dead_letter_id), reverse=True)[:_LATEST]
    names = distinct([row.trade_id for row in latest])
    rows = tuple(
        (
            Value(time(row.failed_at)),
            Value(row.code),
            Value(row.venue or "–"),
            names[row.trade_id],
            count(row.redeliveries),
            Value(row.detail if len(row.detail) <= 90 else row.detail[:89] + "…", row.detail),
        )
        for row in latest
    )
    trades = len({row.trade_id for row in letters if row.trade_id})
    figures = (
        Figure("Dead letters", count(len(letters))),
        Figure("Trades concerned", count(trades)),
        Figure("Replayed and failed again", count(sum(row.redeliveries > 0 for row in letters))),
    )
    columns = ("Failed (UTC)", "Code", "Venue", "Trade", "#Redeliveries", "Detail")
    tables = (
        Table("By code and venue", ("Code", "Venue", "Route", "#Number"), by_code),
        Table(f"The latest {len(rows)}" if len(letters) > len(rows) else "All of them", columns, rows),
    )
    notes = ("Each also has a result with its code, so no order is without an outcome.",)
    return Section("dead-letters", TITLE, "Dead letters", figures, tables=tables, notes=notes, warnings=_invalid(view))


def _invalid(view: LedgerView) -> tuple[str, ...]:
    """A line on what was no message of ours; none where there was no such thing."""
    if not view.invalid:
        return ()
    where = ", ".join(row.where for row in view.invalid[:_NAMED])
    more = ", …" if len(view.invalid) > _NAMED else ""
    span = "" if view.day is None else " in the whole run"
    return (f"Invalid messages{span}: {len(view.invalid):,}, at {where}{more}. See `crossbook dlq invalid`.",)
