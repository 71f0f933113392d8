"""A root that is read-only, as far as Python can see: a write outside of $WRITABLE fails as it would in a pod."""

import errno
import os
import sys
from typing import Any

_WRITABLE = tuple(os.environ["WRITABLE"].split(":"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & _WRITING:
            return
    elif event == "os.mkdir":
        path = arguments[0]
    else:
        return
    where = os.path.abspath(os.fsdecode(path))
    if not where.startswith(_WRITABLE) and not (event == "os.mkdir" and os.path.isdir(where)):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), where)


sys.addaudithook(_refuse)
