"""What the stages that remember share at run time: their checkpoints, and how they leave what they know."""

import asyncio
from typing import Any, ClassVar

from app.domain.errors import Halt
from app.engine.recovery import Checkpointer
from app.engine.runtime import Runtime


class StatefulRuntime(Runtime):
    """A stage whose routes have states, by key."""

    checkpoint_s: ClassVar[float]
    """Time between two checkpoints."""
    checkpoints: Checkpointer

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.meter.states = self._states

    def _states(self) -> list[tuple[str, str, Any]]:
        """What is known now, for whoever scrapes: from another thread, so copied before it is walked."""
        return [
            (key, step.name, state)
            for partition in list(self.checkpoints.partitions.values())
            for key, held in list(partition.keys.items())
            for step, state in zip(self.stage.steps, held.states, strict=True)
            if step.state is not None and (step.scope == "key" or key == partition.own)
        ]

    async def rest(self) -> None:
        """A last checkpoint, bounded; what it does not reach is worked again by the next owner."""
        try:
            async with asyncio.timeout(5):
                await self.checkpoints.checkpoint()
        except (TimeoutError, Halt):
            pass

    def forget(self) -> None:
        self.checkpoints.partitions.clear()
        super().forget()
