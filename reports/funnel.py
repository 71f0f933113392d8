"""Where did the opportunities go? From updates to filled trades, and every reason why something went no further."""

from collections import defaultdict

from reports import chart
from reports.number import bps, count, share
from reports.section import Chart, Section, Table, Value
from reports.view import LedgerView

TITLE = "Where did the opportunities go?"
_FILTERED = ("all_zero", "empty_side", "locked", "crossed", "stale", "future", "duplicate")
_WORDS = {
    "all_zero": "all prices and sizes zero",
    "empty_side": "one side empty",
    "locked": "best bid = best ask",
    "crossed": "best bid > best ask at one venue",
    "stale": "too far behind the pair's newest book",
    "future": "venue's clock too far ahead",
    "duplicate": "same source id again",
}
Stage = tuple[str, int | None, str]


def funnel(view: LedgerView) -> Section:
    """Stages from tallies and rows; a stage nobody counted says N/A, not 0."""
    stages = _stages(view)
    if not any(number for _, number, _ in stages):
        return Section("funnel", TITLE, "Funnel and refusals", empty="Nothing came in: no update, no opportunity.")
    notes = ["Paying counts directions at joined instants; an opportunity is a spell of them that opens once."]
    if view.tallies is None:
        notes.append("Updates, joined and paying are counted over the whole run, of which this day is a part: N/A.")
    tables = [_stage_table(stages), *_refusals(view), *_filter(view)]
    shown = [(label, number) for label, number, _ in stages if number]
    charts = (_chart(shown),) if len(shown) > 1 else ()
    return Section("funnel", TITLE, "Funnel and refusals", charts=charts, tables=tuple(tables), notes=tuple(notes))


def _stages(view: LedgerView) -> list[Stage]:
    reasons = [view.counted("message_filter", name) for name in ("passed", *_FILTERED)]
    updates = None if None in reasons else sum(number for number in reasons if number is not None)
    filled = sum(order.status in ("filled", "repaired") for order in view.orders)
    return [
        ("Updates", updates, "order books that came in"),
        ("Fit to trade", reasons[0], "passed the message filter"),
        ("Joined", view.counted("join", "joined"), "instants with the venues' books side by side"),
        ("Paying", view.counted("detector", "paying:"), "bid after fees over ask after fees"),
        ("Opportunities", len(view.opportunities), "spells of paying instants"),
        ("Orders", len(view.orders), "sized and sent to execution"),
        ("Filled", filled, "both legs filled, or repaired to flat"),
    ]


def _stage_table(stages: list[Stage]) -> Table:
    rows = []
    for index, (label, number, meaning) in enumerate(stages):
        before = stages[index - 1][1] if index else None
        comparable = label not in ("Updates", "Joined", "Paying")  # elsewhere the unit changes: books, instants
        part = share(number or 0, before or 0) if comparable else Value("")
        rows.append((Value(label), Value(meaning), count(number), part))
    return Table("Stage by stage", ("Stage", "What is counted", "#Number", "#Of the stage before"), tuple(rows))


def _refusals(view: LedgerView) -> list[Table]:
    codes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for miss in view.near_misses:
        codes[miss.code][0] += miss.instants
        codes[miss.code][1] += 1
    for opportunity in view.opportunities:
        if opportunity.refused:
            codes[opportunity.refused][2] += 1
    for order in view.orders:
        if order.code:
            codes[order.code][3] += 1
    edges = {code: [m.best_gross_edge_bps for m in view.near_misses if m.code == code] for code in codes}
    rows = tuple(
        (Value(code), *(count(number) for number in numbers), bps(max(edges[code])) if edges[code] else Value("–"))
        for code, numbers in sorted(codes.items(), key=lambda item: (-sum(item[1]), item[0]))
    )
    columns = ("Code", "#Near-miss instants", "#Near-miss spells", "#Opportunities refused", "#Orders")
    note = "Orders: refused, failed or ended early with this code. A near miss crosses before fees and was refused."
    return [Table("Why not: refusal codes", (*columns, "#Best gross edge"), rows, note)] if rows else []


def _filter(view: LedgerView) -> list[Table]:
    reasons = [(name, view.counted("message_filter", name)) for name in _FILTERED]
    reasons += [(name, view.counted("join", name)) for name in ("incomplete", "late")]
    words = {**_WORDS, "incomplete": "instants short of a venue", "late": "books of an instant already closed"}
    rows = tuple((Value(name), Value(words[name]), count(number)) for name, number in reasons if number)
    return [Table("Left out before detection", ("Reason", "Meaning", "#Number"), rows)] if rows else []


def _chart(stages: list[tuple[str, int]]) -> Chart:
    values = [{"s": label, "n": number, "one": 0.8, "t": f"{number:,}"} for label, number in stages]
    y = {"field": "s", "type": "nominal", "sort": [label for label, _ in stages], "axis": {"title": None}}
    top = max(number for _, number in stages)
    scale = {"type": "log", "domain": [0.8, top * 3]}
    ticks = [10**power for power in range(len(str(top)) + 1)]
    axis = {"title": "number (logarithmic)", "values": ticks, "format": "~s", "grid": True}
    x = {"field": "n", "type": "quantitative", "scale": scale}
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {"y": y},
        "layer": [
            {
                "mark": {"type": "bar", "color": chart.BLUE, "size": 20},
                "encoding": {"x": {**x, "axis": axis}, "x2": {"field": "one"}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 7, "fontWeight": "bold"},
                "encoding": {"x": x, "text": {"field": "t"}},
            },
        ],
    }
    text = "; ".join(f"{label} {number:,}" for label, number in stages) + "."
    title = "From updates to filled trades; each grid line is ten times the last"
    return chart.draw("funnel", spec, height=52 + 34 * len(stages), title=title, description=text)
