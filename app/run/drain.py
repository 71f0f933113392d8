"""When is a run over? When every group has committed the end of every channel it reads, in the order of the data."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from app.broker.offsets import Offsets
from app.domain.errors import Retry, TimedOut
from app.engine.stage import Stage
from app.engine.worker import group
from app.settings import Settings

_LOOK_EVERY_S = 0.1


async def drained(offsets: Offsets, stages: Sequence[Stage], settings: Settings, timeout_s: float) -> None:
    """Waits stage by stage: a stage that has committed its input's end has its outputs acknowledged, so the next one's
    end is known by then. Raises TimedOut naming the first channel and partition that is behind.
    """
    deadline = monotonic() + timeout_s
    for stage in stages:
        while behind := await _behind(offsets, stage, settings):
            if monotonic() > deadline:
                (topic, partition), missing = next(iter(behind.items()))
                channel = topic.removeprefix(f"{settings.namespace}.")
                raise TimedOut(
                    f"stage {stage.name} did not come to the end of channel {channel}, partition {partition}, within "
                    f"{timeout_s:g} s: {missing} messages behind; look at the worker's log, or give --timeout"
                )
            await asyncio.sleep(_LOOK_EVERY_S)


async def lag(offsets: Offsets, stage: Stage, settings: Settings) -> dict[tuple[str, int], int]:
    """(topic, partition) -> messages not yet committed by the stage's group, where there are any. Raises Retry."""
    ends = await offsets.end_offsets([channel.topic(settings) for channel in stage.consumes])
    done = await offsets.committed_offsets(group(stage, settings))
    return {place: end - done.get(place, 0) for place, end in sorted(ends.items()) if end > done.get(place, 0)}


async def _behind(offsets: Offsets, stage: Stage, settings: Settings) -> dict[tuple[str, int], int]:
    try:
        return await lag(offsets, stage, settings)
    except Retry as error:
        return {(f"{settings.namespace}.(not known: {error.__cause__ or error!r})", 0): 1}
