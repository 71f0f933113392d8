"""The topology as text, as values and as a Mermaid diagram: read off the composition itself, so that it cannot lie."""

from collections.abc import Sequence
from typing import Any

from app.engine.stage import Stage
from app.engine.worker import group
from app.settings import Settings


def values(stages: Sequence[Stage], settings: Settings) -> list[dict[str, Any]]:
    """Each stage with its group, channels (key and partitions) and routes in their order."""
    return [
        {
            "stage": stage.name,
            "kind": stage.kind,
            "group": group(stage, settings),
            "consumes": [
                {"channel": channel.name, "key": channel.key, "partitions": channel.partitions(settings)}
                for channel in stage.consumes
            ],
            "routes": [
                {
                    "route": step.name,
                    "pattern": step.pattern,
                    "state": step.shares or (step.scope if step.state is not None else None),
                }
                for step in stage.steps
            ],
            "publishes": [channel.name for channel in stage.publishes],
        }
        for stage in stages
    ]


def text(stages: Sequence[Stage], settings: Settings) -> str:
    """For a terminal: what goes in, the routes in the order of the data, what comes out."""
    lines = []
    for stage in stages:
        lines.append(f"{stage.name} ({stage.kind}, group {group(stage, settings)})")
        lines += [f"  in   {channel.name}, by {channel.key.partition(':')[0]}" for channel in stage.consumes]
        width = max(len(step.name) for step in stage.steps)
        lines += [f"       {step.name:<{width}}  {step.pattern}" for step in stage.steps]
        lines += [f"  out  {channel.name}" for channel in stage.publishes]
        if stage.kind == "sink":
            lines.append("  out  the ledger")
        lines.append("")
    return "\n".join(lines).rstrip()


def mermaid(stages: Sequence[Stage]) -> str:
    """A flowchart: channels as cylinders, stages as boxes of routes."""
    lines = ["flowchart LR"]
    channels = {channel.name: None for stage in stages for channel in (*stage.consumes, *stage.publishes)}
    lines += [f"    {_id(name)}[({name})]" for name in channels]
    for stage in stages:
        lines.append(f"    subgraph {stage.name}")
        for step in stage.steps:
            lines.append(f'        {stage.name}_{step.name}["{step.name}<br/><i>{step.pattern}</i>"]')
        names = [f"{stage.name}_{step.name}" for step in stage.steps]
        if stage.kind != "sink" and len(names) > 1:  # a sink's routes stand side by side
            lines.append(f"        {' --> '.join(names)}")
        lines.append("    end")
    for stage in stages:
        lines += [f"    {_id(channel.name)} --> {stage.name}" for channel in stage.consumes]
        lines += [f"    {stage.name} --> {_id(channel.name)}" for channel in stage.publishes]
        if stage.kind == "sink":
            lines += ["    ledger[(ledger)]", f"    {stage.name} --> ledger"]
    return "\n".join(dict.fromkeys(lines))


def _id(channel: str) -> str:
    return "channel_" + "".join(letter if letter.isalnum() else "_" for letter in channel)
