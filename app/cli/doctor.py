"""crossbook doctor: what would keep Crossbook from working here, and what to do about it."""

import asyncio

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from app.cli.show import AsJson, as_json, out
from app.domain.errors import ConfigurationError
from app.operator.checkup import Finding, machine, without_settings
from app.operator.checkup_live import live
from app.settings import load

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(json: AsJson = False) -> None:
    """Check this machine and what runs on it: a row each, ok, warn or fail; ends with 1 where something fails.

    Example: crossbook doctor
    """
    try:
        settings = load()
    except ConfigurationError as error:
        findings = without_settings(str(error))
    else:
        findings = [*machine(settings), *asyncio.run(live(settings))]
    failed = any(finding.state == "fail" for finding in findings)
    if json:
        as_json({"healthy": not failed, "checks": msgspec.to_builtins(findings)})
    else:
        out.print(_drawn(findings))
    if failed:
        raise typer.Exit(1)


def _drawn(findings: list[Finding]) -> Table:
    """The state in colour and in words, so that it is read without the one or the other."""
    table = Table(header_style="bold")
    for name in ("check", "state", "found", "what to do"):
        table.add_column(name, overflow="fold", no_wrap=name == "state")
    for each in findings:
        state = f"[{_COLOURS[each.state]}]{each.state}[/]"
        table.add_row(each.check, state, escape(each.found), escape(each.advice))
    return table
