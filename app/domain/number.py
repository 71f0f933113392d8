"""Whole numbers as messages carry them: 64 bits, as Kafka's offsets and every database's are."""

from typing import Annotated

from msgspec import Meta

Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""Checked when a message is read: no state and no ledger could keep a larger one, and both would stop for good."""
