"""What the stages that remember share at run time: their checkpoints, and how they leave what they know."""

import asyncio
from typing import ClassVar

from app.domain.errors import Halt
from app.engine.recovery import Checkpointer
from app.engine.runtime import Runtime


class StatefulRuntime(Runtime):
    """A stage whose routes have states, by key."""

    checkpoint_s: ClassVar[float]
    """Time between two checkpoints."""
    checkpoints: Checkpointer

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
