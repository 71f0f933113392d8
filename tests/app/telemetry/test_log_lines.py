"""A log line that a program reads."""

import json
import logging
import sys

from app.telemetry.log_lines import JsonLine
from app.telemetry.tracing import current_trace


def line(message: str, *arguments: object, failed: bool = False) -> dict[str, str]:
    try:
        if failed:
            raise ValueError("seven")
        error = None
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("app.x", logging.WARNING, "x.py", 1, message, arguments, error)
    found: dict[str, str] = json.loads(JsonLine().format(record))
    return found


def test_a_line_says_who_said_what_and_when() -> None:
    found = line("%s is away\nagain", "the broker")

    assert (found["level"], found["logger"], found["message"]) == ("WARNING", "app.x", "the broker is away\nagain")
    assert found["time"].endswith("+00:00")
    assert "trace_id" not in found


def test_a_line_of_traced_work_names_its_trace() -> None:
    token = current_trace.set("ab" * 16)
    try:
        assert line("x")["trace_id"] == "ab" * 16
    finally:
        current_trace.reset(token)


def test_an_error_keeps_its_traceback() -> None:
    assert "ValueError: seven" in line("x", failed=True)["error"]
