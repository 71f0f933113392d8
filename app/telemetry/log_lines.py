"""Logs as lines of JSON, with the trace that a line belongs to: for those who search them with a program."""

import json
import logging
from datetime import UTC, datetime

from app.telemetry.tracing import current_trace


class JsonLine(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, trace_id where there is one, error with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace = current_trace.get()
        if trace:
            found["trace_id"] = trace
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)


def as_json_lines() -> None:
    """Every handler that is there now writes JSON from here on."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLine())
