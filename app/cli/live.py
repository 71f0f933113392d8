"""The live table of a run, on stderr while it goes."""

from types import TracebackType
from typing import Self

from rich.live import Live as RichLive
from rich.table import Table

from app.cli.show import err, say
from app.domain.money import plain
from app.run.folder import Run
from app.run.watch import Glance


class Live:
    """Redraws on every look. `quiet`: only what goes wrong is said."""

    def __init__(self, run: Run, *, quiet: bool) -> None:
        self._quiet = quiet
        self._name = run.name
        self._drawn = False
        self._live = RichLive(console=err, auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        if not self._quiet:
            self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._quiet:
            self._live.__exit__(kind, error, at)
            if self._drawn:
                err.print()

    def say(self, line: str) -> None:
        say(line)

    def look(self, glance: Glance) -> None:
        if not self._quiet:
            self._live.update(self._table(glance), refresh=True)
            self._drawn = True

    def _table(self, glance: Glance) -> Table:
        table = Table(title=f"{self._name}  {glance.seconds:.0f} s", title_justify="left", show_header=False)
        table.add_column("what")
        table.add_column("value", justify="right", min_width=24)
        counts = glance.counts
        table.add_row("updates", _whole(glance.updates))
        table.add_row("updates/s", _whole(glance.updates_per_s))
        table.add_row("messages", _whole(glance.messages))
        table.add_row("messages/s", _whole(glance.messages_per_s))
        table.add_row("opportunities", "N/A" if counts is None else f"{counts.opportunities:,}")
        table.add_row("orders", "N/A" if counts is None else f"{counts.orders:,}")
        table.add_row("fills", "N/A" if counts is None else f"{counts.fills:,}")
        table.add_row("profit", _money(glance))
        table.add_row("dead letters", "N/A" if counts is None else f"{counts.dead_letters:,}")
        for stage, behind in glance.lag.items():
            table.add_row(f"lag of {stage}", "N/A" if behind is None else f"{behind:,}")
        return table


def _whole(number: float | None) -> str:
    return "N/A" if number is None else f"{number:,.0f}"


def _money(glance: Glance) -> str:
    if glance.profit is None:
        return "N/A"
    return "\n".join(f"{plain(round(amount, 8))} {asset}" for asset, amount in glance.profit.items()) or "0"
