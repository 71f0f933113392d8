"""Routing rules changed while all runs: checked, their channels made, then said in band on every partition."""

from collections.abc import Collection, Iterable, Mapping
from time import time_ns
from typing import Any

from aiokafka import TopicPartition

from app.assembly import create_channels
from app.domain.market_data import Rule, RulesChanged
from app.domain.routing import DROP, JOIN, check
from app.engine.codec import market_message
from app.operator.kafka_door import consumer, partitions, producer
from app.settings import Settings
from channels.market_data import MARKET_DATA
from channels.order_books import destination

SOURCE = "operator"


def check_rules(rules: tuple[Rule, ...], venues: Iterable[str], pairs: Collection[str]) -> None:
    """`check`, also where no venue has a profile: then any venue may trade. Raises ConfigurationError."""
    named = set(venues) or {rule.venue for rule in rules} | {"any other venue"}  # a glob matches itself
    check(rules, named, pairs)


async def change_rules(settings: Settings, rules: tuple[Rule, ...], version: int | None = None) -> Mapping[str, Any]:
    """Publishes the rules as `version` into every partition of market_data; they hold for what follows there.

    Without a version it is the wall clock in milliseconds: higher than any before it, with nothing to keep or lose.
    Their event time is that of the newest message of the partition, so that no time-out is hurried by them. Returns
    version, partitions with the offset of the change in each, and the rules' own channels. Raises NotRunning where
    there is no market_data channel, Retry when the broker goes away.
    """
    topic = MARKET_DATA.topic(settings)
    numbers = await partitions(settings, topic)
    version = time_ns() // 1_000_000 if version is None else version
    channels = sorted({rule.to for rule in rules} - {JOIN, DROP})
    there = settings.model_copy(update={"partitions": len(numbers)})
    await create_channels(there, [destination(name) for name in channels])
    times = await _event_times(settings, topic, numbers)
    offsets = {}
    async with producer(settings) as sender:
        for number in numbers:
            key, value, headers = market_message(RulesChanged(SOURCE, number, times[number], version, rules))
            sent = await sender.send_and_wait(topic, value, key=key, partition=number, headers=headers)
            offsets[number] = sent.offset
    return {"version": version, "partitions": offsets, "channels": channels}


async def _event_times(settings: Settings, topic: str, numbers: list[int]) -> dict[int, int]:
    """Event time of each partition's newest message; the wall clock where there is none."""
    places = {TopicPartition(topic, number): number for number in numbers}
    found = dict.fromkeys(numbers, time_ns())
    async with consumer(settings) as client:
        client.assign(list(places))
        begins, ends = await client.beginning_offsets(list(places)), await client.end_offsets(list(places))
        for place, number in places.items():
            if ends[place] > begins[place]:
                client.seek(place, ends[place] - 1)
                record = await client.getone(place)
                text = dict(record.headers).get("received", b"")
                found[number] = int(text) if text.isdigit() else found[number]
    return found
