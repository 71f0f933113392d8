"""Opens a recording of any known format. A format is one module; nothing else knows its columns."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import UsageError
from app.feeds import crossbook_jsonl, polled_quotes, two_venue_l2
from app.feeds.source import Item, Join, Recording

__all__ = ["FORMATS", "Format", "Item", "Join", "Recording", "open_recording"]


class Format(NamedTuple):
    """What is asked of a format."""

    name: str
    summary: str
    recognises: Callable[[Path], bool]
    open_files: Callable[..., Recording]


FORMATS = tuple(
    Format(module.NAME, module.SUMMARY, module.recognises, module.open_files)
    for module in (two_venue_l2, polled_quotes, crossbook_jsonl)
)


def open_recording(path: Path, *, size: str = "") -> Recording:
    """The recording in a file, or in the files of a folder.

    `size` is the base amount of a level where the format has no sizes. Raises UsageError naming a path that does not
    exist, cannot be read, is an empty folder, or is of no known format.
    """
    files = _files(path)
    found = {file: next((form for form in FORMATS if form.recognises(file)), None) for file in files}
    known = [form for form in found.values() if form is not None]
    if not known:
        formats = "\n".join(f"  {form.name}: {form.summary}" for form in FORMATS)
        raise UsageError(f"{path} is of no known format. Known formats:\n{formats}")
    chosen = known[0]
    mixed = sorted({form.name for form in known})
    if len(mixed) > 1:
        raise UsageError(f"{path} holds recordings of several formats ({', '.join(mixed)}); name one file")
    recording = chosen.open_files(_name(path), [file for file in files if found[file] is chosen], size=size)
    left_out = [file.name for file in files if found[file] is None and file.suffix in {".csv", ".jsonl", ".zst"}]
    if not left_out:
        return recording
    note = f"left out, not of format {chosen.name}: {', '.join(left_out)}"
    return Recording(**{**vars(recording), "notes": (*recording.notes, note)})


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
            if not files:
                raise UsageError(f"{path} is an empty folder: no recording in it")
            return files
        if not path.exists():
            raise UsageError(f"{path} does not exist: give the path of a recording")
        if path.stat().st_size == 0 and path.is_file():
            raise UsageError(f"{path} is empty: no recording in it")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    return [path]


def _name(path: Path) -> str:
    return path.resolve().name.removesuffix(".zst").removesuffix(".jsonl").removesuffix(".csv")
