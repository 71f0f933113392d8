"""crossbook generate: a synthetic market, written as a recording that tells where it may be taken apart."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.show import AsJson, as_json, say, table
from app.domain.errors import UsageError
from app.feeds.crossbook_jsonl import write_recording
from app.feeds.generator import generate as books_of
from app.feeds.generator import header_of
from app.feeds.synthetic import Market

_DEFAULT = Market()


def generate(
    path: Annotated[
        Path, typer.Argument(help="The file to write: .jsonl, or .jsonl.zst (packed).", show_default=False)
    ],
    seed: Annotated[int, typer.Option(help="The same seed is the same market, on every machine.")] = _DEFAULT.seed,
    seconds: Annotated[int, typer.Option(help="Length in event time.")] = _DEFAULT.seconds,
    rate: Annotated[int, typer.Option(help="Book updates a second, all together.")] = _DEFAULT.updates_per_second,
    venues: Annotated[str, typer.Option(help="Names, comma separated; two or more.")] = ",".join(_DEFAULT.venues),
    pairs: Annotated[str, typer.Option(help="Pairs, comma separated.")] = ",".join(_DEFAULT.pairs),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: AsJson = False,
) -> None:
    """Write a seeded synthetic market as a recording, with the true size of every dislocation in its first line.

    Example: crossbook generate market.jsonl.zst --seed 7 --seconds 60 --rate 1000
    """
    market = Market(
        seed=seed, seconds=seconds, updates_per_second=rate, venues=_names(venues), pairs=_names(pairs)
    )  # fmt: skip
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; choose another name, or give --force to replace it")
    header = header_of(market)
    if not json:
        say(f"writing {header.generator} ...")
    count = write_recording(path, header, books_of(market))
    facts = {
        "path": str(path.absolute()),
        "books": count,
        "dislocations": len(header.truth),
        "venues": list(market.venues),
        "pairs": list(market.pairs),
        "seed": seed,
        "seconds": seconds,
        "bytes": path.stat().st_size,
    }
    if json:
        as_json(facts)
    else:
        table([{"what": name, "value": _text(value)} for name, value in facts.items()])


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
