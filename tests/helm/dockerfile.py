"""The Dockerfile as instructions, by stage: enough of its grammar to run its steps where no Docker engine is."""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[2] / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    name: str
    """RUN, COPY ..."""
    text: str


def stages() -> dict[str, list[Instruction]]:
    """Stage -> its instructions, FROM first. What stands before the first FROM is under ""."""
    lines = [line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    found: dict[str, list[Instruction]] = {"": []}
    stage = ""
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, text = line.strip().partition(" ")
        if not name:
            continue
        if name == "FROM":
            stage = text.partition(" AS ")[2]
            found[stage] = []
        found[stage].append(Instruction(name, text.strip()))
    return found


def only(stage: str, name: str) -> list[str]:
    return [each.text for each in stages()[stage] if each.name == name]
