"""A real PostgreSQL for the tests: its own folder, a free loopback port, a random password."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


def programs() -> Path | None:
    """Where initdb and postgres lie, the newest version first; None where they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*found, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class Postgres:
    """A server that the tests may stop, freeze and start again. It ends with the process that started it."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder
        self._folder = Path(tempfile.mkdtemp(prefix="crossbook-pg-"))
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        # PostgreSQL refuses to run as root: then it runs as nobody, who must own its folder
        self._as = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            self._as += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
            shutil.chown(self._folder, "nobody", "nogroup")
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        command = [*self._as, bin_folder / "initdb", "-D", self._data, "-U", "crossbook", "--pwfile", password_file]
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*command, *options], check=True, capture_output=True, timeout=60)  # noqa: S603
        password_file.unlink()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://crossbook:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def password(self) -> str:
        return self._password

    def start(self) -> None:
        """Returns once it answers."""
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", "fsync=off"]
        command = [*self._as, self._bin / "postgres", "-D", self._data, "-p", str(self.port)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*command, *(part for setting in settings for part in ("-c", setting))], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        ready = [self._bin / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        while subprocess.run(ready, check=False, capture_output=True).returncode != 0:  # noqa: S603
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text())

    def stop(self) -> None:
        """Ends it at once, connections and all, as a crash of its machine would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still: connections stay open and nothing answers."""
        assert self._process is not None
        processes = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
