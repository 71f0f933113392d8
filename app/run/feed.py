"""The feed of a run: a recording into market_data, what cannot be translated into invalid_messages."""

from collections.abc import Callable, Iterable
from time import time_ns
from typing import Any

from aiokafka import AIOKafkaProducer

from app.broker.connection import client_arguments
from app.domain.failure import InvalidMessage
from app.domain.message import Origin
from app.engine.codec import encode, headers, market_message
from app.feeds.publish import Published, publish
from app.feeds.source import Item
from app.run.invalid_rows import InvalidRows
from app.settings import Settings
from channels import INVALID_MESSAGES, MARKET_DATA

_PATIENCE_MS = 120_000
"""A worker that cannot send stops and goes on from what it committed; a feed has nowhere to go on from: it waits."""


async def play(
    items: Iterable[Item],
    name: str,
    settings: Settings,
    *,
    speed: float | None,
    progress: Callable[[int], None],
    say: Callable[[str], None] = lambda _: None,
) -> Published:
    """Plays all items into the run's channels and returns when the broker has them. Raises Retry when it is away.

    `say` is told of the first invalid rows.
    """
    rows = InvalidRows(say)
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        acks="all",
        enable_idempotence=True,
        max_batch_size=262_144,
        max_request_size=4_194_304,
        request_timeout_ms=max(settings.send_timeout_ms, _PATIENCE_MS),
    )
    await producer.start()

    async def on_invalid(message: InvalidMessage) -> Any:
        rows.found(message)
        origin = Origin(f"{message.where}/invalid", f"{message.where}/invalid", "", "", 0, 0, 0, (), time_ns())
        return await producer.send_and_wait(
            INVALID_MESSAGES.topic(settings), encode(message), key=message.where.encode(), headers=headers(origin)
        )

    try:
        return await publish(
            items,
            name=name,
            producer=producer,
            topic=MARKET_DATA.topic(settings),
            partitions=settings.partitions,
            encode=market_message,
            on_invalid=on_invalid,
            speed=speed,
            progress=progress,
        )
    finally:
        await producer.stop()
