"""What is kept of a message that could not be handled."""

from msgspec import Struct

from app.domain.number import Whole


class Attempt(Struct, frozen=True):
    """One try and how it ended. `at` is wall clock, ns."""

    number: Whole
    at: Whole
    code: str
    detail: str


class DeadLetter(Struct, frozen=True):
    """A readable message that failed for good: the original, the first failure, the route, all attempts."""

    dead_letter_id: str
    channel: str
    partition: Whole
    offset: Whole
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    correlation_id: str
    route: str
    code: str
    detail: str
    attempts: tuple[Attempt, ...]
    redeliveries: Whole
    """How often it was replayed before it came here."""
    failed_at: Whole
    """Event time, ns."""
    trade_id: str = ""
    venue: str = ""


class InvalidMessage(Struct, frozen=True):
    """What is no message of ours: where it was found, which field of which value, why, and its bytes."""

    invalid_id: str
    where: str
    """channel/partition/offset, or file:line."""
    reason: str
    field: str
    value: str
    raw: bytes
