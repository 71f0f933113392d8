"""What a bot's pods say, by kubectl."""

import subprocess

from app.bots import programs
from app.bots.bot import COMPONENT, MARKET, RELEASE, WORKER, Bot
from app.domain.errors import NotRunning
from app.settings import Settings


def logs(settings: Settings, kube_namespace: str, bot: Bot, lines: int) -> list[tuple[str, str]]:
    """(pod, line), the newest so many of each pod. Raises NotRunning for a bot asleep: it has no pod."""
    said = programs.run(_command(settings, kube_namespace, bot, lines))
    return [_parted(line) for line in said.splitlines()]


def follow(settings: Settings, kube_namespace: str, bot: Bot, lines: int) -> None:
    """The same on standard output, and what comes after, until somebody ends it."""
    done = subprocess.run(  # noqa: S603 a list, and no shell
        [*_command(settings, kube_namespace, bot, lines), "--follow"], check=False, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise programs.failure("kubectl logs", done.stderr)


def _command(settings: Settings, kube_namespace: str, bot: Bot, lines: int) -> list[str]:
    if not bot.pods:
        why = "it sleeps" if bot.state == "asleep" else "none of its pods runs yet"
        raise NotRunning(f"bot {bot.market} has no logs: {why}; `kubectl describe pod -l {MARKET}` says more")
    kubectl = programs.found(settings.kubectl, "kubectl")
    chosen = f"{RELEASE}={bot.release},{COMPONENT}={WORKER}"
    return [kubectl, "logs", "--namespace", kube_namespace, "--selector", chosen, f"--tail={lines}", "--prefix"]


def _parted(line: str) -> tuple[str, str]:
    """`[pod/NAME/CONTAINER] text`, as --prefix writes it."""
    place, divider, text = line.partition("] ")
    return (place.removeprefix("[pod/").partition("/")[0], text) if divider and place.startswith("[") else ("", line)
