"""The lines of a file, plain or zstd, in bounded memory: each with its number, and where the file was cut off."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

from app.domain.errors import UsageError

LONGEST_LINE = 1 << 19
"""Bytes; a longer line is delivered cut to this and marked. In base64 it still fits a Kafka message of 1 MB."""
_BLOCK = 2048
"""Compressed bytes taken at a time: small, because hostile input may grow by a factor of 30,000."""


class Line(Struct, frozen=True, gc=False):
    """One line without its line end. `fault` says why its bytes are not to be believed; empty: they are whole."""

    number: int
    """From 1."""
    raw: bytes
    fault: str = ""


def lines_of(path: Path) -> Iterator[Line]:
    """Every line of the file; `.zst` is decompressed.

    A frame that is cut off or broken gives a last line with a fault that names the compressed byte; all that could be
    decompressed before it is delivered. Raises UsageError naming a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _decompressed(file) if path.suffix == ".zst" else _plain(file)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None


def _plain(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        if raw[-1] == 10:  # \n
            yield Line(number, raw.rstrip(b"\r\n"))
        elif len(raw) < LONGEST_LINE:
            yield Line(number, raw)
        else:
            yield _too_long(number, raw)
            while (raw := file.readline(LONGEST_LINE)) and raw[-1] != 10:
                pass


def _decompressed(file: BinaryIO) -> Iterator[Line]:
    number, rest, skipping = 0, b"", False
    for block, fault in _blocks(file):
        *whole, rest = (rest + block).split(b"\n")
        for raw in whole:
            number += 1
            if not skipping:
                yield Line(number, raw.rstrip(b"\r"))
            skipping = False
        if len(rest) > LONGEST_LINE:
            if not skipping:
                yield _too_long(number + 1, rest[:LONGEST_LINE])
            rest, skipping = b"", True
        if fault:
            yield Line(number + 1, rest, fault)
            return
    if rest and not skipping:
        yield Line(number + 1, rest)


def _blocks(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """(decompressed bytes, fault): several frames may follow each other; after a fault nothing does."""
    position = 0
    frame = zstandard.ZstdDecompressor().decompressobj()
    inside = False
    while compressed := file.read(_BLOCK):
        position += len(compressed)
        while compressed:
            try:
                block = frame.decompress(compressed)
            except zstandard.ZstdError as error:
                yield b"", f"broken zstd frame near compressed byte {position}: {error}"
                return
            inside = not frame.eof
            compressed = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            yield block, ""
    if inside:
        yield b"", f"recording is cut off: its zstd frame does not end at compressed byte {position}"


def _too_long(number: int, raw: bytes) -> Line:
    return Line(number, raw[:LONGEST_LINE], f"line is longer than {LONGEST_LINE} bytes")
