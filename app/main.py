"""`faust -A app.main worker -l info`: the worker. The only module with an effect at import: it reads the settings."""

import sys

from app.assembly import worker
from app.broker.provide import embedded_broker, reached_at
from app.domain.errors import CrossbookError, NotRunning
from app.settings import Settings, load

_NOWHERE = "kafka://127.0.0.1:1"


def _settings() -> Settings:
    """The embedded broker's address where none is set and one runs. Listing agents needs none."""
    settings = load()
    if settings.broker:
        return settings
    known = embedded_broker(settings).state()
    if known is None and "worker" in sys.argv:
        raise NotRunning(
            "no broker is set and no embedded one runs: start it by `crossbook broker start`, set CROSSBOOK_BROKER, or "
            "use `crossbook worker`, which brings its own"
        )
    return reached_at(settings, _NOWHERE if known is None else f"kafka://127.0.0.1:{known.port}")


try:
    app = worker(_settings())
except CrossbookError as error:
    print(f"crossbook: {error}", file=sys.stderr)
    raise SystemExit(error.exit_code) from None
