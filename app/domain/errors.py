"""Every failure Crossbook raises on purpose, grouped by what the caller must do.

    CrossbookError
    ├── Retry            the network or a neighbour was away: try again, with back-off (the engine does)
    ├── Refuse           a business rule said no, with a code: a near miss before sending, a result afterwards
    ├── Reject           this is no message of ours: to the invalid-message channel, with field and value
    ├── Halt             an invariant broke: stop trading, a person must look
    ├── NotFound         1  an id, a run or a file that somebody named is not there
    └── Stop             the command cannot go on; each kind has the exit code that scripts may rely on
        ├── UsageError          2  the command line
        ├── NotRunning          3  something that should be running is not
        ├── ConfigurationError  4  a setting, profile or routing table
        └── TimedOut            5  a wait came to its end

A message says what happened, where, which value, and what to do.
"""


class CrossbookError(Exception):
    """Base of all; `exit_code` is what a command ends with when nothing caught it."""

    exit_code = 1


class Retry(CrossbookError):
    """May heal by itself: the engine tries again, bounded, with exponential back-off and jitter."""


class Refuse(CrossbookError):
    """A business rule refused. `code` is stable and upper case, for example INSUFFICIENT_FUNDS."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Reject(CrossbookError):
    """Unreadable or impossible: `where` names the place (a file and line, a channel and offset), `field` and
    `value` the culprit."""

    def __init__(self, reason: str, *, field: str = "", value: object = "", where: str = "") -> None:
        shown = repr(value) if len(repr(value)) <= 200 else repr(value)[:197] + "..."
        parts = [reason, f"field {field}" if field else "", f"value {shown}" if field else "", where]
        super().__init__(", ".join(part for part in parts if part))
        self.reason = reason
        self.field = field
        self.value = shown if field else ""
        self.where = where


class Halt(CrossbookError):
    """An invariant broke. The stage stops without committing; nothing is sent on."""


class NotFound(CrossbookError):
    """What was asked for by name is not there; everything that should be running may well be."""


class Stop(CrossbookError):
    """Ends a command with its exit code."""


class UsageError(Stop):
    exit_code = 2


class NotRunning(Stop):
    exit_code = 3


class ConfigurationError(Stop):
    exit_code = 4


class TimedOut(Stop):
    exit_code = 5
