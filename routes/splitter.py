"""Splitter: how can we process a message whose elements may have to be processed in different ways?

In        what the process manager wants done: a batch of commands
Out       each command by itself; both legs of a trade at once
Key       account
Guarantee every command once, in the order buy, sell
Fails as  nothing
"""

from collections.abc import Callable, Iterable
from typing import Any

from app.domain.execution import Commands
from app.domain.message import Origin


def splitter() -> Callable[[Any, Origin, None], Iterable[Any]]:
    def handle(body: Any, origin: Origin, _: None) -> Iterable[Any]:
        return body.commands if isinstance(body, Commands) else (body,)

    return handle
