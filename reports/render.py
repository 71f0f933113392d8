"""Puts the answers on one page: a single HTML file that needs no script and no network."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.banner import banner
from reports.capital import capital
from reports.dead_letters import dead_letters
from reports.drawdown import drawdown
from reports.edge_heatmap import edge_heatmap
from reports.equity import equity
from reports.expected_against_realised import expected_against_realised
from reports.funnel import funnel
from reports.half_life import half_life
from reports.inventory import inventory
from reports.latency import latency
from reports.profit_by import profit_by
from reports.section import Section
from reports.view import LedgerView
from reports.waterfall import waterfall

QUESTIONS: tuple[Callable[[LedgerView], Section], ...] = (
    equity,
    drawdown,
    profit_by,
    waterfall,
    expected_against_realised,
    edge_heatmap,
    funnel,
    half_life,
    latency,
    capital,
    inventory,
    dead_letters,
)
"""In the order in which they are asked."""

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(view: LedgerView) -> str:
    """The whole page. The same view gives the same text."""
    sections = [question(view) for question in QUESTIONS]
    style = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    template = _PAGE.get_template("report.html.j2")
    return template.render(banner=banner(view), sections=sections, style=Markup(style), drawing=Markup)  # noqa: S704 - our own style sheet, and SVG that Vega escaped


def write(html: str, out_dir: Path, name: str) -> Path:
    """`out_dir/name`, there whole or not at all: a reader never meets half a report."""
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / name
    with NamedTemporaryFile("w", encoding="utf-8", dir=out_dir, prefix=f".{name}.", delete=False) as part:
        try:
            part.write(html)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).chmod(0o644)
            os.replace(part.name, target)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    return target
