"""The broker that runs already: for commands that look, or speak, and start nothing."""

from app.broker.connection import wait_for_broker
from app.broker.provide import embedded_broker, reached_at
from app.domain.errors import NotRunning, TimedOut
from app.settings import Settings

_PATIENCE_S = 3.0


async def reachable(settings: Settings) -> Settings:
    """The settings with the address of a broker that has just answered. Raises NotRunning where none does."""
    if not settings.broker:
        broker = embedded_broker(settings)
        known = broker.state()
        if known is None:
            raise NotRunning(
                f"no embedded broker is running in {broker.data_dir}; `crossbook broker start` starts it, "
                "CROSSBOOK_BROKER points at another one"
            )
        settings = reached_at(settings, known.url)
    try:
        await wait_for_broker(settings, timeout=_PATIENCE_S)
    except TimedOut as error:
        raise NotRunning(str(error)) from None
    return settings
