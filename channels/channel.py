"""What every channel says of itself."""

from dataclasses import dataclass
from typing import Any, Literal

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Channel:
    """A Kafka topic: what it carries, under which key, how many partitions, how long."""

    name: str
    """Without the namespace."""
    message: Any
    """The type of its bodies."""
    key: str
    """What the key is, and why that."""
    spread: Literal["partitions", "one"]
    """`partitions`: as many as settings say, equal keys on equal partition numbers; `one`: a single partition."""
    keep: Literal["retention", "compact"] = "retention"

    def topic(self, settings: Settings) -> str:
        """Its name in Kafka."""
        return f"{settings.namespace}.{self.name}"

    def partitions(self, settings: Settings) -> int:
        return settings.partitions if self.spread == "partitions" else 1

    def config(self, settings: Settings) -> dict[str, str]:
        """Kafka's own settings for the topic."""
        if self.keep == "compact":
            return {"cleanup.policy": "compact"}
        return {"cleanup.policy": "delete", "retention.ms": str(settings.retention_ms)}
