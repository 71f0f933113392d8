"""Somebody who looks at a replay sees what is wrong with the file, and is not flooded."""

from app.domain.failure import InvalidMessage
from app.run.invalid_rows import MOST_SAID, InvalidRows, in_all


def row(line: int, *, field: str = "b3", value: str = "'x'", reason: str = "not a decimal number") -> InvalidMessage:
    return InvalidMessage(f"rec:line:{line}", f"bnc.csv:{line}", reason, field, value, b"")


def test_an_invalid_row_is_said_with_file_line_field_value_and_reason() -> None:
    said: list[str] = []
    rows = InvalidRows(said.append)

    rows.found(row(3))
    rows.found(row(4, field="", value="", reason="longer than 524288 bytes"))

    assert said == [
        "invalid: bnc.csv:3: field b3, value 'x': not a decimal number",
        "invalid: bnc.csv:4: longer than 524288 bytes",
    ]


def test_only_the_first_few_are_said_and_that_there_are_more() -> None:
    said: list[str] = []
    rows = InvalidRows(said.append)

    for line in range(2, 1_000):
        rows.found(row(line))

    assert len(said) == MOST_SAID + 1
    assert "bnc.csv:6" in said[-2]
    assert "further rows" in said[-1]


def test_at_the_end_the_command_is_named_that_lists_all_of_them() -> None:
    assert in_all(7, "r1") == "invalid: 7 in all; `crossbook dlq invalid --run r1` lists them"
    assert in_all(1_234) == "invalid: 1,234 in all; `crossbook dlq invalid --limit 1234` lists them"
