"""Does a broker answer here, and which? One Metadata request over a plain socket.

An open port is not an answer: Kafka opens it before it can serve, and another program may have it. Metadata lists a
broker only once the controller has let it in, which is when topics can be made. A raw request, because starting is
synchronous and may be called from inside a running event loop, where an aiokafka client cannot be driven.
"""

import socket
import struct

_METADATA, _VERSION = 3, 4
_NO_TOPICS = struct.pack(">i?", 0, False)  # an empty list of topics, and do not create any


def cluster_of(host: str, port: int, timeout: float) -> str | None:
    """The id of the cluster that serves host:port; None when nobody answers within `timeout` seconds, or not as a ready
    broker does."""
    client = b"crossbook-probe"
    header = struct.pack(f">hhih{len(client)}s", _METADATA, _VERSION, 1, len(client), client)
    request = header + _NO_TOPICS
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", _read(connection, 4))[0]
            if not 0 < size < 1_000_000:
                return None
            return _cluster(_read(connection, size))
    except (OSError, struct.error, UnicodeDecodeError):
        return None


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("closed in the middle of an answer")
        data += part
    return data


def _cluster(answer: bytes) -> str | None:
    """Correlation id, throttle time, brokers (node id, host, port, rack), cluster id, and more that is not read."""
    position = 8

    def number(form: str) -> int:
        nonlocal position
        value: int = struct.unpack_from(form, answer, position)[0]
        position += struct.calcsize(form)
        return value

    def text() -> str | None:
        nonlocal position
        size = number(">h")
        if size < 0:
            return None
        value = answer[position : position + size].decode()
        position += size
        return value

    brokers = number(">i")
    for _ in range(brokers):
        number(">i")
        text()
        number(">i")
        text()
    cluster = text()
    return cluster if brokers > 0 else None
