"""A message's envelope: who it is, what it came from, where it has been. The body says what it says."""

from msgspec import Struct

SCHEMA = 1
"""Version of every body; a message with a higher one is not guessed at but goes to the invalid-message channel."""


class Origin(Struct, frozen=True, gc=False):
    """The envelope of a message as it was received. Ids are functions of the input, never random.

    Wall clocks serve latencies alone; nothing is decided by them.
    """

    message_id: str
    correlation_id: str
    """The id of the market data that began it all."""
    causation_id: str
    """The id of the message whose handling sent this one; empty for market data."""
    channel: str
    """Its name without the namespace."""
    partition: int
    offset: int
    event_time: int
    """received_time of the market data behind it, ns."""
    history: tuple[str, ...] = ()
    """The routes it came through, oldest first; the rule version beside the router's name (`router@3`)."""
    wall_sent: int = 0
    """When its sender sent it, ns."""
    wall_cause_sent: int = 0
    """When the market data behind it was sent, ns."""
    redelivered: bool = False
    """True: it may have been worked on before, here or elsewhere, so the world is asked before it is acted on."""
    trace: str = ""
    """W3C traceparent of what is traced; empty: it is not."""


class Send(Struct, frozen=True, gc=False):
    """What a route wants sent: a body to a channel, under a key.

    `copy` asks the engine to pass on the received bytes and envelope unchanged (a router's forward).
    """

    channel: str
    key: str
    body: object
    copy: bool = False
    every_partition: bool = False
    partition: int | None = None
    """None: the key decides."""
    origin: Origin | None = None
    """The message it really comes of, where that is an earlier one than the one in hand."""
    name: str = ""
    """What stands in the id instead of a number, where the order of several sends may vary."""


def child_id(parent: str, route: str, index: str) -> str:
    """Id of the `index`-th (or so named) message that `route` sent while it handled `parent`."""
    return f"{parent}/{route}.{index}"
