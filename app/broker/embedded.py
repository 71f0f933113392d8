"""The embedded Apache Kafka: one node on 127.0.0.1, its data in one folder, started when a command needs it."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from app.broker import launch, ports
from app.broker.jars import resolve
from app.broker.java import find_java
from app.broker.jvm import broker_command, cluster_id, format_storage, last_lines, new_cluster_id
from app.broker.locks import exclusive
from app.broker.probe import cluster_of
from app.broker.process import BrokerProcess
from app.broker.properties import server_properties, write_properties
from app.broker.say import Say, quiet
from app.broker.state import BrokerState, facts
from app.domain.errors import NotRunning

Mode = Literal["child", "detached"]

PATIENCE_S = 20.0  # with a broker that runs and does not answer


class EmbeddedBroker:
    """One broker in `data_dir`; the jars under `jars_home` (by default the folder that holds `data_dir`).

    `child` ends when the process that started it does, however that dies; `detached` lives on. A broker that already
    runs in `data_dir` is used, whoever started it, and left running by `stop`, which ends what this object started.
    So a child of another process ends with that one, unless a detached start found it: that adopts it, and it lives on.
    Objects and processes may race: a lock in `data_dir` puts their starts and stops in order.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        mode: Mode = "child",
        jars_home: Path | None = None,
        heap_mb: int = 512,
        properties: Mapping[str, str] | None = None,
        say: Say = quiet,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "kafka.log"
        self.console = self.data_dir / "console.log"
        self._jars_home = (jars_home or self.data_dir.parent).resolve()
        self._mode = mode
        self._heap_mb = heap_mb
        self._extra = dict(properties or {})
        self._say = say
        self._file = self.data_dir / "broker.json"
        self._ports_file = self.data_dir / "ports.json"
        self._process: BrokerProcess | None = None

    def state(self) -> BrokerState | None:
        """The broker whose process runs in `data_dir`, whoever started it; None when there is none."""
        known = BrokerState.read(self._file)
        return known if known is not None and known.alive() else None

    @property
    def pid(self) -> int | None:
        """Process id of the broker that runs in `data_dir`."""
        known = self.state()
        return None if known is None else known.pid

    def running(self) -> bool:
        """Whether a broker runs in `data_dir` and answers, within 2 seconds, as the one that belongs there."""
        known = self.state()
        return known is not None and cluster_of("127.0.0.1", known.port, 2.0) == known.cluster

    @property
    def started_here(self) -> bool:
        """Whether this object started the broker, and so has to stop it."""
        return self._process is not None

    def start(self, timeout: float = 60.0) -> str:
        """Starts the broker, or finds it running; returns its url, kafka://127.0.0.1:PORT, once it serves.

        `timeout` in seconds does not count the first download. Raises ConfigurationError (no Java, no Maven, no
        download), NotRunning (Kafka ended: with the end of its log), TimedOut.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with exclusive(self.data_dir / "start.lock", timeout):
            found = self._reuse(timeout)
            if found is not None:
                return found
            java = find_java()
            jars = resolve(self._jars_home, self._say)
            data = self.data_dir / "log"
            cluster = cluster_id(data)
            if cluster is None:
                cluster = new_cluster_id()
                format_storage(java, jars, data, cluster)
            deadline = time.monotonic() + timeout
            for _ in range(5):
                if (url := self._launch(java, jars, data, cluster, deadline)) is not None:
                    return url
                ports.forget(self._ports_file)  # taken between our look and Kafka's
            raise NotRunning(f"every port that was free was taken before Kafka could have it, 5 times: {self._why()}")

    def stop(self, *, found: bool = False) -> bool:
        """Ends the broker cleanly (SIGTERM, SIGKILL after 15 s), data kept. Returns whether there was one to end.

        One that this object did not start is left alone, unless `found` says to end that too.
        """
        if not (self.started_here or (found and self.data_dir.is_dir())):
            return False
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with exclusive(self.data_dir / "start.lock", 60.0):
            known, process, self._process = self.state(), self._process, None
            adopted = known is not None and process is not None and known.pid == process.pid and self._lost(known)
            stopped = False
            if process is not None and adopted and not found:
                process.release()
            elif process is not None:
                stopped = not process.ended()
                process.end()
            if found and known is not None:
                launch.end(known.pid, known.born)
                stopped = True
            if self.state() is None:
                self._file.unlink(missing_ok=True)
        return stopped

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _reuse(self, timeout: float) -> str | None:
        """The url of a broker that is there; one that does not come to answer is ended, so that it blocks nobody."""
        known = self.state()
        if known is None:
            return None
        deadline = time.monotonic() + min(timeout, PATIENCE_S)  # it may be starting: its starter may have been killed
        while known.alive() and not known.doomed() and time.monotonic() < deadline:
            if cluster_of("127.0.0.1", known.port, 1.0) == known.cluster:
                self._forget_dead()
                if self._mode == "detached" and known.keeper is not None:
                    known.adopt(self._file)
                return known.url
            time.sleep(0.1)
        if known.alive() and not known.doomed():
            self._say(f"the broker with process id {known.pid} does not answer; ending it and starting another")
        launch.end(known.pid, known.born)
        return None

    def _launch(self, java: str, jars: Path, data: Path, cluster: str, deadline: float) -> str | None:
        """The url once it serves; None when another program was quicker to take a port."""
        self._forget_dead()
        port, controller_port = ports.choose(self._ports_file)
        properties = self.data_dir / "server.properties"
        write_properties(properties, {**server_properties(data, port, controller_port), **self._extra})
        self._file.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)  # what is shown of a failure is of this start
        guarded = self._mode == "child"
        self._process = BrokerProcess(
            broker_command(java, jars, properties, self.log, self._heap_mb),
            state_file=self._file,
            facts=facts(port=port, controller_port=controller_port, cluster=cluster, guarded=guarded),
            console=self.console,
            guarded=guarded,
        )
        try:
            self._process.wait_until_it_serves(port, cluster, deadline, self._why)
        except BaseException as error:
            self._process.end(0.0)
            self._process = None
            if isinstance(error, NotRunning) and "Address already in use" in self._why():
                return None
            raise
        return f"kafka://127.0.0.1:{port}"

    def _lost(self, known: BrokerState) -> bool:
        """Whether a broker started as our child was asked, by a detached start elsewhere, to live on."""
        return self._mode == "child" and known.keeper is None

    def _forget_dead(self) -> None:
        """A process of ours that ended by itself is not what runs now, and not ours to stop."""
        if self._process is not None and self._process.ended():
            self._process.release()
            self._process = None

    def _why(self) -> str:
        texts = [file.read_text(errors="replace")[-8000:] for file in (self.log, self.console) if file.exists()]
        said = last_lines("\n".join(texts), 6)
        return f"{said or 'it logged nothing'} (log: {self.log}, console: {self.console})"
