"""Who gets what was sent: a consumer that notes, of each message, when its tick was sent, when it was, when it came."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from time import time_ns

import uvloop
from aiokafka import AIOKafkaConsumer


async def receive(bootstrap: str, topic: str, into: str) -> None:
    """Until SIGTERM; then writes [[tick sent, sent, received], ...], wall ns, to the file `into`."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=100)
    await consumer.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    rows: list[tuple[bytes, bytes, int]] = []
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=100)).values():
            now = time_ns()
            for record in records:
                found = dict(record.headers)
                if "cause-sent" in found:
                    rows.append((found["cause-sent"], found["sent"], now))
    await consumer.stop()
    text = json.dumps([[int(cause), int(sent), seen] for cause, sent, seen in rows])
    await asyncio.to_thread(Path(into).write_text, text)


if __name__ == "__main__":
    uvloop.run(receive(**json.loads(sys.argv[1])))
