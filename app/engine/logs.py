"""Logs that do not flood: a complaint is said at once, then at doubling intervals, with how often it was meant."""

import logging
from time import monotonic

_FIRST_S = 1.0
_LONGEST_S = 300.0


class Muted(logging.Filter):
    """For loggers that repeat themselves thousands of times a second while a broker is away. Keyed by the message's
    template, not its arguments.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key = f"{record.name} {record.msg}"
        now = monotonic()
        due, interval, unsaid = self._next.get(key, (0.0, _FIRST_S / 2, 0))
        if now < due:
            self._next[key] = (due, interval, unsaid + 1)
            return False
        if now > due + 10 * interval:
            interval = _FIRST_S / 2  # it was quiet for a while: begin again
        interval = min(interval * 2, _LONGEST_S)
        self._next[key] = (now + interval, interval, 0)
        if unsaid:
            record.msg = f"{record.msg} (and {unsaid} times before)"
        return True


def mute_repetition() -> None:
    """Puts the filter on aiokafka's loggers, once a process."""
    muted = Muted()
    for name in ("aiokafka", "aiokafka.client", "aiokafka.conn", "aiokafka.cluster", "aiokafka.consumer.fetcher",
                 "aiokafka.consumer.group_coordinator", "aiokafka.producer.sender", "aiokafka.producer.producer",
                 "aiokafka.consumer.consumer"):  # fmt: skip
        logging.getLogger(name).addFilter(muted)
