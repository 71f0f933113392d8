"""The embedded broker's server.properties: one node, loopback alone, small enough for a laptop."""

from pathlib import Path

MIB = 1024 * 1024


def server_properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    """Kafka's settings for log folder `data` and these two ports; sizes in bytes, times in milliseconds.

    Retention is left to each topic.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # After kill -9 the controller takes the broker for still there until this is over: 9 s by default.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "message.max.bytes": str(4 * MIB),
        "replica.fetch.max.bytes": str(4 * MIB),
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "log.cleaner.dedupe.buffer.size": str(16 * MIB),  # 128 MiB by default, a quarter of our heap
    }


def write_properties(file: Path, properties: dict[str, str]) -> None:
    """Writes `properties` as a Java properties file (a backslash and non-ASCII in a path would be read otherwise)."""
    file.write_text("".join(f"{name}={_escaped(value)}\n" for name, value in properties.items()), encoding="ascii")


def _escaped(value: str) -> str:
    utf16 = value.replace("\\", "\\\\").encode("utf-16-be")
    units = [int.from_bytes(utf16[at : at + 2], "big") for at in range(0, len(utf16), 2)]
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in units)
