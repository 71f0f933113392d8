"""Ten thousand messages that are none, or almost: each that does not validate is set aside once, and work goes on."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from app.domain.control import Resume, Status, Tap
from app.domain.errors import Reject
from app.domain.market_data import EndOfFeed
from app.domain.message import Origin
from app.engine.codec import decoder, encode, headers, market_message
from app.feeds.generator import generate, generated
from app.feeds.synthetic import Market
from app.run.folder import new_run
from app.storage.ledger import Ledger
from channels import ALL, MARKET_DATA
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import eventually, replayed, settings_of
from tests.end_to_end.wire import producing, records, working

pytestmark = pytest.mark.broker

COUNT = 10_000
CHANNELS = [channel for channel in ALL if channel.name != "wire_tap"]
"""Nobody reads the wire tap."""
GOOD = b"SOL/USDT"
"""A pair that no broken message is about: what became of the others nobody can say."""
RAW = ("invalid_messages", "dead_letters")
"""What is broken there goes nowhere but into the ledger."""
SMALL = Market(seed=3, seconds=25, updates_per_second=300)
Message = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


async def test_what_is_no_message_is_set_aside_once_and_the_worker_goes_on(broker: str, home: Path) -> None:
    market = generated(SMALL)
    settings = settings_of(broker, home, market, venues=DEMO, latency_ms="0", partitions=2)
    samples = await _samples(settings, market)
    run = new_run(settings, "test", "fuzz")
    chance = random.Random(20261121)  # noqa: S311 - reproducible on purpose
    sent: dict[str, tuple[str, bytes | None]] = {}

    async with working(run) as worker, producing(run.settings) as producer:
        futures = []
        for _ in range(COUNT):
            channel = chance.choice(CHANNELS)
            key, value, found = _broken(chance, samples[channel.name])
            if key is None and (value is None or channel.keep == "compact"):
                key = b"x"  # nobody can send it without
            partition = chance.randrange(channel.partitions(run.settings))
            topic = channel.topic(run.settings)
            future = await producer.send(topic, value, key=key, partition=partition, headers=found)
            futures.append((channel, key, value, found, future))
        broken = set()
        for channel, key, value, found, future in futures:
            place = await future
            where = f"{channel.name}/{place.partition}/{place.offset}"
            sent[where] = (channel.name, value)
            if not _validates(channel, key, value, found, place):
                broken.add(where)
        for book in generate(SMALL):  # a good feed behind it all, to its end
            key, value, found = market_message(book)
            await producer.send(MARKET_DATA.topic(run.settings), value, key=key, headers=found)
        for partition in range(run.settings.partitions):
            _, value, found = market_message(EndOfFeed("behind", partition, 2 * 10**18, run.settings.partitions))
            await producer.send(MARKET_DATA.topic(run.settings), value, headers=found, partition=partition)
        await producer.flush()

        ledger = await Ledger.open(run.settings.ledger_url)
        try:
            process = psutil.Process(worker.pid)
            rows = await eventually(lambda: _set_aside(ledger, broken, process), 60, "everything broken in the ledger")
            assert await eventually(lambda: _good_orders(ledger), 30, "good orders behind the broken ones")
        finally:
            await ledger.close()
        said = {record.key.decode() for record in await records(run.settings, "invalid_messages") if _ours(record)}

    counted = Counter(row.where for row in rows if row.where in sent)
    assert len(broken) > COUNT / 2
    assert set(counted.values()) == {1}
    for row in rows:
        if row.where in broken:
            assert row.raw == (sent[row.where][1] or b"")
            assert row.reason
            assert row.field
    assert {where for where in broken if sent[where][0] not in RAW} <= said
    assert not {where for where in said if sent.get(where, ("",))[0] in RAW}


def _validates(channel: Any, key: Any, value: Any, found: Any, place: Any) -> bool:
    record = Record(channel.name, place.partition, place.offset, key, value, found)
    try:
        decoder(channel.name, channel.message)(record)
    except Reject:
        return False
    return True


class Record(msgspec.Struct):
    topic: str
    partition: int
    offset: int
    key: Any
    value: Any
    headers: Any


def _ours(record: Any) -> bool:
    """What a stage said, not what the test threw in."""
    found = dict(record.headers)
    return str(found.get("id") or b"", "latin-1").endswith("/invalid") and found.get("history") in (
        b"decide",
        b"execute",
        b"account",
    )


async def _samples(settings: Any, market: Any) -> dict[str, list[Message]]:
    """Valid messages of every channel, from a real run."""
    faulty = settings.model_copy(update={"latency_ms": ""})
    ended = await replayed(faulty, market)
    found: dict[str, list[Message]] = {}
    for channel in CHANNELS:
        found[channel.name] = [
            (record.key, record.value, list(record.headers))
            for record in (await records(ended.run.settings, channel.name))[:400]
            if GOOD not in (record.key or b"") + record.value
        ]
    for command in (Tap("c1", 0.0), Resume("c2", "decide"), Status("c3")):
        origin = Origin(command.command_id, "", "", "control", 0, 0, 0)
        found["control"].append((b"gate/decide", encode(command), headers(origin)))
    origin = Origin("x/invalid", "", "", "invalid_messages", 0, 0, 0)
    body = {"invalid_id": "x", "where": "x", "reason": "y", "field": "f", "value": "v", "raw": ""}
    found["invalid_messages"].append((b"x", encode(body), headers(origin)))
    assert [name for name, kept in found.items() if not kept] == []
    return found


def _broken(chance: random.Random, samples: list[Message]) -> Message:  # noqa: PLR0911 - one a kind of damage
    if chance.random() < 0.3:
        return chance.choice([None, b"x", chance.randbytes(8)]), chance.randbytes(chance.randrange(60)), []
    key, value, found = chance.choice(samples)
    assert value is not None
    how = chance.randrange(7)
    if how == 0:
        at = chance.randrange(len(value))
        return key, value[:at] + bytes([chance.randrange(256)]) + value[at + 1 :], found
    if how == 1:
        return key, value[: chance.randrange(len(value))], found
    if how == 2:
        name, _ = found[chance.randrange(len(found))]
        return key, value, [pair for pair in found if pair[0] != name]
    if how == 3:
        name, _ = found[chance.randrange(len(found))]
        text = chance.choice([None, b"", b"\xff", b"99", b"-1", b"x" * 50])
        return key, value, [(other, text if other == name else kept) for other, kept in found]
    if how == 4:
        return (
            chance.choice([None, b"", b"\xfe\xff", b"#0", b"nobody"]),
            None if chance.random() < 0.2 else value,
            found,
        )
    body = msgspec.json.decode(value)
    _mutate(chance, body)
    return key, msgspec.json.encode(body), found


def _mutate(chance: random.Random, body: Any) -> None:
    """One field, at any depth, gone or another."""
    here = body
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        at = chance.choice(keys)
        if isinstance(here[at], dict | list) and here[at] and chance.random() < 0.8:
            here = here[at]
            continue
        if isinstance(here, dict) and chance.random() < 0.3:
            del here[at]
        else:
            odd = [
                None,
                0,
                -1,
                10**30,
                1.5,
                "",
                "NaN",
                "-1",
                "Infinity",
                "x",
                [],
                {},
                True,
                "1e400",
                "\u0000",
                "9" * 400,
            ]
            here[at] = chance.choice(odd)
        return


async def _set_aside(ledger: Ledger, broken: set[str], worker: psutil.Process) -> list[Any]:
    from sqlmodel import select

    from app.storage.tables import InvalidMessageRow

    rows = await ledger.all(select(InvalidMessageRow))
    missing = broken - {row.where for row in rows}
    assert worker.status() != psutil.STATUS_ZOMBIE, f"the worker died over one of {sorted(missing)[:20]}"
    return [] if missing else rows


async def _good_orders(ledger: Ledger) -> bool:
    from sqlmodel import col, select

    from app.storage.tables import TradeOrderRow

    rows = await ledger.all(select(TradeOrderRow).where(col(TradeOrderRow.status) == "filled"))
    return any(row.pair == GOOD.decode() for row in rows)
