"""Helm and kubectl, which an operator of a cluster has: found, run, and what they say told as failures of ours.

Not a client library: these two read the kubeconfig with every plug-in that logs in to a cluster, and a release that
they see is one that the operator sees too.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence

from app.domain.errors import ConfigurationError, CrossbookError, NotFound, NotRunning, TimedOut

_Meaning = tuple[tuple[str, ...], type[CrossbookError], str]
_MEANINGS: tuple[_Meaning, ...] = (
    (
        ("schema(s)", "schema:", "execution error at", "error converting yaml", "failed to parse", "cannot unmarshal"),
        ConfigurationError,
        "{program}: {reason}",
    ),
    (
        (
            "cluster unreachable", "connection refused", "was refused", "no such host", "i/o timeout",
            "unable to connect to the server", "no route to host", "handshake timeout", "network is unreachable",
        ),
        NotRunning,
        "{program}: no cluster answers: {reason}; is KUBECONFIG right, and the cluster up?",
    ),
    (
        ("timed out waiting", "context deadline exceeded", "would exceed context deadline", "request timed out"),
        TimedOut,
        "{program}: {reason}",
    ),
    (
        ("unauthorized", "must be logged in", "forbidden"),
        ConfigurationError,
        "{program}: the cluster does not let you: {reason}",
    ),
    (
        ("kubeconfig", "context was not found", "no configuration has been provided", "context does not exist"),
        ConfigurationError,
        "{program}: {reason}; set KUBECONFIG to the file of your cluster",
    ),
    (("not found", "notfound", "could not find the requested resource"), NotFound, "{program}: {reason}"),
)  # fmt: skip
"""By words that Helm, kubectl and the API server use; the first that fits holds."""


def found(program: str, setting: str) -> str:
    """The path of `program`, the value of setting `setting`. Raises ConfigurationError where there is none."""
    path = shutil.which(program)
    if path is None:
        raise ConfigurationError(
            f"there is no program {program}; install {setting}, or say where it is: CROSSBOOK_{setting.upper()}"
        )
    return path


def run(command: Sequence[str], given: str | None = None, patience_s: float = 60.0) -> str:
    """What the program printed. Raises what its failure means, by what the caller must do, in the program's own words.

    `patience_s` is for a program that hangs; one that was told to wait must be told a shorter time.
    """
    try:
        done = subprocess.run(  # noqa: S603 a list, and no shell
            list(command), input=given, capture_output=True, text=True, timeout=patience_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimedOut(f"{_called(command)} did not end within {patience_s:g} s; is the cluster well?") from None
    except OSError as error:
        raise ConfigurationError(f"{command[0]} cannot be run: {error.strerror or error}") from None
    if done.returncode:
        raise failure(_called(command), done.stderr or done.stdout)
    return done.stdout


def failure(program: str, said: str) -> CrossbookError:
    """The failure that these last words mean."""
    words, reason = said.lower(), _reason(said)
    for signs, kind, told in _MEANINGS:
        if any(sign in words for sign in signs):
            return kind(told.format(program=program, reason=reason))
    return CrossbookError(f"{program}: {reason}")


def _called(command: Sequence[str]) -> str:
    """The program and its first word: arguments may be long, and values are not for a message."""
    name = command[0].rpartition("/")[2]
    return " ".join([name, *(word for word in command[1:2] if re.fullmatch("[a-z]+", word))])


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("W", "I", "E")) or not re.match(r"[WIE]\d{4} ", line)]
    text = " ".join(telling or lines).removeprefix("Error: ")
    return text[:1_500] or "it said nothing"
