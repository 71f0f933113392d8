"""How a wait tells that it waits: one line to whoever started it."""

from collections.abc import Callable

Say = Callable[[str], None]


def quiet(line: str) -> None:
    """Says nothing."""
