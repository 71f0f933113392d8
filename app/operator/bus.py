"""The operator's end of the control bus: a command out to every worker, their answers back."""

import asyncio
from secrets import token_hex
from time import monotonic, time_ns
from typing import Any

from aiokafka import TopicPartition

from app.broker.connection import client_arguments
from app.broker.topics import TopicSpec, create_topics
from app.domain.control import Answer, Command, Drain, Pause, Resume, Tap
from app.domain.errors import Reject
from app.domain.message import Origin
from app.engine.codec import decoder, encode, headers
from app.operator.kafka_door import consumer, producer
from app.settings import Settings
from channels.control import CONTROL

STAGES = ("decide", "execute", "account")
_QUIET_S = 1.0
"""After an answer, so long without another one means that all workers have answered."""

_decode = decoder(CONTROL.name, CONTROL.message)


def new_command_id() -> str:
    """An operator's word comes of no input: each time it is said, it is another one."""
    return f"operator-{token_hex(6)}"


def key_of(command: Command) -> str:
    """Compaction keeps the latest word of each key. Pause and resume share one, so that the later of them holds; what
    was said of `all` and of a stage stay in their order, as they were said.
    """
    if isinstance(command, Pause | Resume):
        return f"gate/{command.stage}"
    if isinstance(command, Drain):
        return f"drain/{command.stage}"
    return "tap" if isinstance(command, Tap) else "status"


async def ask(settings: Settings, command: Command, timeout_s: float) -> list[Answer]:
    """Says the command to every worker; their answers by name, none where nobody answered in time.

    Nobody knows how many workers there are: a second without a further answer ends the wait. Raises Retry when the
    broker goes away.
    """
    topic = await _topic(settings)
    place = TopicPartition(topic, 0)
    answers: dict[str, Answer] = {}
    async with consumer(settings) as client:
        client.assign([place])
        end = (await client.end_offsets([place]))[place]
        client.seek(place, end)
        origin = Origin(command.command_id, command.command_id, "", CONTROL.name, 0, 0, time_ns())
        async with producer(settings) as sender:
            await sender.send_and_wait(topic, encode(command), key=key_of(command).encode(), headers=headers(origin))
        deadline = monotonic() + timeout_s
        while (left := deadline - monotonic()) > 0:
            try:
                record = await asyncio.wait_for(client.getone(), min(left, _QUIET_S) if answers else left)
            except TimeoutError:
                break
            body = _body(record)
            if isinstance(body, Answer) and body.command_id == command.command_id:
                answers[body.worker] = body
    return [answers[name] for name in sorted(answers)]


async def gates(settings: Settings) -> dict[str, str]:
    """`paused` or `open` by stage, as the control channel has it: what a worker that starts now would do."""
    place = TopicPartition(await _topic(settings), 0)
    found = dict.fromkeys(STAGES, "open")
    async with consumer(settings) as client:
        client.assign([place])
        end = (await client.end_offsets([place]))[place]
        await client.seek_to_beginning(place)
        while await client.position(place) < end:
            body = _body(await client.getone())
            if isinstance(body, Pause | Resume):
                named = STAGES if body.stage == "all" else (body.stage,)
                found |= dict.fromkeys(named, "paused" if isinstance(body, Pause) else "open")
    return found


def _body(record: Any) -> Any:
    try:
        return _decode(record)[0]
    except Reject:
        return None  # not ours to judge: workers say so in their logs


async def _topic(settings: Settings) -> str:
    topic = CONTROL.topic(settings)
    await create_topics(
        client_arguments(settings), [TopicSpec(topic, 1, settings.replication, CONTROL.config(settings))]
    )
    return topic
