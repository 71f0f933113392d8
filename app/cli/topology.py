"""crossbook topology: who says what to whom, in order; from the composition itself."""

from typing import Annotated

import typer

from app.assembly import stages_of
from app.cli.show import AsJson, as_json, out
from app.domain.errors import UsageError
from app.operator import graph
from app.settings import load
from app.venues.profiles import DEMO


def topology(
    mermaid: Annotated[bool, typer.Option("--mermaid", help="A Mermaid flowchart.")] = False, json: AsJson = False
) -> None:
    """Print the graph: each stage with its channels and its routes. Needs no broker.

    Example: crossbook topology --mermaid > topology.mmd
    """
    if mermaid and json:
        raise UsageError("--mermaid or --json, not both")
    settings = load()
    if settings.venues is None and not settings.venue_names:
        settings = settings.model_copy(update={"venues": DEMO})  # whoever trades, the graph is the same
    stages = stages_of(settings)
    if json:
        as_json(graph.values(stages, settings))
    else:
        found = graph.mermaid(stages) if mermaid else graph.text(stages, settings)
        out.print(found, markup=False, soft_wrap=True)
