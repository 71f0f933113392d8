"""Beside us: what aiokafka costs by itself. Read, decode the book, take its spread, encode, send under its key.

Same messages, same producer settings, same promise (an offset is committed once what came of it is acknowledged).
"""

import asyncio
import json
import signal
import sys
from time import monotonic, time_ns
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.domain.market_data import Book, MarketData

_COMMIT_EVERY_S = 0.25


async def loop(bootstrap: str, source: str, target: str, group: str) -> None:
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024**2,
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=262_144
    )
    await consumer.start()
    await producer.start()
    decode, encode = msgspec.json.Decoder(MarketData).decode, msgspec.json.Encoder().encode
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sent: list[asyncio.Future[Any]] = []
    committed = monotonic()
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=100, max_records=500)).values():
            for record in records:
                book = decode(record.value)
                if not isinstance(book, Book):
                    continue
                spread = float(book.asks[0][0]) - float(book.bids[0][0])
                value = encode({"venue": book.venue, "pair": book.pair, "spread": spread})
                headers = [("cause-sent", dict(record.headers)["sent"]), ("sent", b"%d" % time_ns())]
                sent.append(await producer.send(target, value, key=record.key, headers=headers))
        if monotonic() - committed > _COMMIT_EVERY_S:
            acknowledged, sent = sent, []
            await asyncio.gather(*acknowledged)
            await consumer.commit()
            committed = monotonic()
    await producer.stop()
    await consumer.stop()


if __name__ == "__main__":
    uvloop.run(loop(**json.loads(sys.argv[1])))
