"""Is a market idle? By its bot's Kafka: what waits for its groups, and when the newest message of its market came.

The one place that judges it. KEDA judges by the same lag; the newest message's time is what it calls its cool-down.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

from aiokafka import TopicPartition
from msgspec import Struct

from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.domain.errors import ConfigurationError
from app.operator.kafka_door import consumer
from app.operator.standing import lags
from app.settings import Settings
from channels import MARKET_DATA

_PATIENCE_MS = 5_000
Verdict = Literal["sleep", "wake", "keep"]


class Idleness(Struct, frozen=True):
    lag: int | None
    """Messages that wait for its stages, all together; None: its channels are not there, or it never committed."""
    newest: datetime | None
    """When the newest message of its market was sent; None: there is none."""


async def idleness(settings: Settings) -> Idleness:
    """Of the bot whose namespace the settings name. Raises Retry when the broker is away."""
    found = (await lags(settings)).values()
    lag = None if any(each is None for each in found) else sum(each or 0 for each in found)
    return Idleness(lag, await _newest(settings, MARKET_DATA.topic(settings)))


def verdict(found: Idleness, *, asleep: bool, since: datetime, now: datetime, idle_after: timedelta) -> Verdict:
    """What to do with a bot; `since` is when it was deployed, from which one that never had a message is idle.

    A bot that never committed is left as it is: it may be starting, or broken, and a person should see that.
    """
    if found.lag is None:
        return "keep"
    if asleep:
        return "wake" if found.lag > 0 else "keep"
    return "sleep" if found.lag == 0 and now - (found.newest or since) >= idle_after else "keep"


async def _newest(settings: Settings, topic: str) -> datetime | None:
    """By the last record of each partition: Kafka has the time of no other without reading it."""
    try:
        async with Offsets(client_arguments(settings)) as offsets:
            ends = await offsets.end_offsets([topic])
    except ConfigurationError:
        return None  # no such channel: no worker has run
    places = [TopicPartition(*place) for place, end in ends.items() if end]
    newest: int | None = None
    async with consumer(settings) as client:
        client.assign(places)
        begins = await client.beginning_offsets(places) if places else {}
        for place in places:
            end = ends[place.topic, place.partition]
            if begins[place] >= end:
                continue  # past retention
            client.seek(place, end - 1)
            for record in (await client.getmany(place, timeout_ms=_PATIENCE_MS)).get(place, ()):
                newest = record.timestamp if newest is None else max(newest, record.timestamp)
    return None if newest is None else datetime.fromtimestamp(newest / 1_000, UTC)
