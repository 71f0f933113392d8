"""The one table: medians of all rounds, and ratios of what was measured in the same round."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple


class Row(NamedTuple):
    what: str
    unit: str
    runs: Sequence[float]
    ratio: str = ""
    aim: str = ""


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        what: str,
        unit: str,
        runs: Sequence[float],
        *,
        to: Sequence[float] = (),
        aim: str = "",
    ) -> None:
        """`to`: figures of the same rounds that the ratio is taken to: the plain loop's, or the unobserved worker's."""
        ratio = f"{median(mine / other for mine, other in zip(runs, to, strict=True)):.2f}" if to else ""
        self.rows.append(Row(what, unit, runs, ratio, aim))

    def text(self) -> str:
        """Markdown, aligned."""
        head = ("measured", "median", "runs", "ratio", "aim")
        body = [
            (
                row.what,
                f"{_number(median(row.runs))} {row.unit}",
                ", ".join(map(_number, row.runs)),
                row.ratio,
                row.aim,
            )
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
        lines = [head, tuple("-" * width for width in widths), *body]
        return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def at(ascending: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
