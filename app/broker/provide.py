"""A broker for as long as a command runs: the one that the settings name, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.broker.embedded import EmbeddedBroker
from app.broker.say import Say, quiet
from app.settings import Settings


def embedded_broker(settings: Settings, **options: Any) -> EmbeddedBroker:
    """The embedded broker of these settings' home; `options` are EmbeddedBroker's."""
    return EmbeddedBroker(settings.home / "broker", **options)


def reached_at(settings: Settings, url: str) -> Settings:
    """The same settings, with the embedded broker's `url` and its plain connection."""
    return settings.model_copy(
        update={"broker": url, "broker_security_protocol": "PLAINTEXT", "broker_username": "", "replication": 1}
    )


@contextmanager
def provided_broker(settings: Settings, say: Say = quiet) -> Iterator[Settings]:
    """Settings whose `broker` is filled in. An embedded broker started here ends here; one that ran goes on.

    Does not wait for a broker that the settings name: that is `wait_for_broker`'s.
    """
    if settings.broker:
        yield settings
        return
    broker = embedded_broker(settings, say=say)
    if not broker.running():
        say("starting the embedded broker ...")
    try:
        yield reached_at(settings, broker.start())
    finally:
        broker.stop()
