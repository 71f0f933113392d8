"""What commands read from a ledger, what they print, and what they end with."""

import json
from decimal import Decimal as D

from app.domain.failure import InvalidMessage
from tests.app.storage.builders import order, origin, result


async def test_trades_show_what_was_expected_against_what_was_got(crossbook, write):
    await write((result("t1"), origin("m1")), (result("t2", sequence=2, status="repaired"), origin("m2")))

    table, found = crossbook("trades"), crossbook("trades", "--status", "repaired", "--json")

    assert table.code == 0
    assert [row["trade_id"] for row in found.json] == ["t2"]
    assert (found.json[0]["expected_profit"], found.json[0]["profit"]) == ("10", "9.7")
    assert "BTC/USDT" in table.out
    assert "a > b" in table.out
    assert "9.7" in table.out


async def test_trades_of_another_day_are_left_out(crossbook, write):
    await write((result("t1"), origin("m1")))

    assert len(crossbook("trades", "--day", "2023-11-14", "--json").json) == 1
    assert crossbook("trades", "--day", "2023-11-15", "--json").json == []
    assert crossbook("trades", "--day", "yesterday").code == 2
    assert crossbook("trades", "--status", "lost").code == 2


async def test_a_ledger_that_adds_up_is_reconciled(crossbook, write):
    await write((result("t1"), origin("m1")))

    found = crossbook("reconcile", "--json")

    assert (found.code, found.json["reconciled"], found.json["orders"]) == (0, True, 1)


async def test_an_order_without_an_outcome_fails_the_reconciliation(crossbook, write):
    await write((result("t1"), origin("m1")), (order("t2"), origin("m2", channel="trade_orders")))

    table, found = crossbook("reconcile"), crossbook("reconcile", "--json")

    assert (table.code, found.code, found.json["reconciled"]) == (1, 1, False)
    assert any("t2" in row["where"] for row in found.json["discrepancies"])
    assert "t2" in table.out


async def test_ledgers_are_compared_column_by_column(crossbook, write):
    one = await write((result("t1"), origin("m1")), run="one")
    same = await write((result("t1"), origin("m1", offset=9, wall_sent=77)), run="same")
    other = await write((result("t1", profit=D("9.8")), origin("m1")), run="other")

    equal = crossbook("ledger", "diff", str(one), str(same), "--json")
    unequal = crossbook("ledger", "diff", str(one), str(other), "--json")
    by_name = crossbook("ledger", "diff", other.parent.name, f"sqlite:///{other}")
    missing = crossbook("ledger", "diff", str(one), "nowhere.db")

    assert (equal.code, equal.json["same"]) == (0, True)
    assert unequal.code == 1
    (row,) = unequal.json["differences"]
    assert (row["table"], row["column"], row["left"], row["right"]) == ("trade_orders", "profit", "9.7", "9.8")
    assert by_name.code == 0
    assert missing.code == 1
    assert crossbook("ledger", "diff", str(one), "sqlite:///nowhere.db").code == 1


async def test_a_report_is_written_and_its_path_printed(crossbook, write, tmp_path):
    await write((result("t1"), origin("m1")))

    whole = crossbook("report", "--out", str(tmp_path / "out"))
    day = crossbook("report", "--day", "2023-11-14", "--out", str(tmp_path / "out"), "--json")

    assert whole.out.strip() == str(tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "report-2023-11-14.html").read_text().startswith("<!")
    assert json.loads(day.out)["day"] == "2023-11-14"


async def test_a_report_that_cannot_be_written_names_its_folder_in_one_line(crossbook, write, tmp_path):
    await write((result("t1"), origin("m1")))
    (tmp_path / "file").touch()

    answer = crossbook("report", "--out", str(tmp_path / "file" / "out"))

    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert str(tmp_path / "file" / "out") in answer.err


async def test_invalid_messages_are_listed_with_place_reason_field_and_value(crossbook, write):
    await write((InvalidMessage("i1", "prices.csv:7", "no price", "bid", "'x'", b"7,x\xff"), origin("m1")))

    table, found = crossbook("dlq", "invalid"), crossbook("dlq", "invalid", "--json")

    assert [row["where"] for row in found.json] == ["prices.csv:7"]
    assert found.json[0]["raw"] == "7,x\\xff"
    for text in ("prices.csv:7", "no price", "bid", "'x'"):
        assert text in table.out


async def test_the_settings_ledger_comes_before_the_latest_run_and_a_name_before_both(crossbook, write):
    await write((result("of-one"), origin("m1")), run="one")
    await write((result("of-two"), origin("m1")), run="two")
    first, last = (run["name"] for run in crossbook("runs", "list", "--json").json)
    latest = crossbook("trades", "--json").json
    await write((result("of-the-settings"), origin("m1")))

    assert [row["trade_id"] for row in latest] == [f"of-{last.rpartition('-')[2]}"]
    assert [row["trade_id"] for row in crossbook("trades", "--json").json] == ["of-the-settings"]
    assert [row["trade_id"] for row in crossbook("trades", "--run", first, "--json").json] == [
        f"of-{first.rpartition('-')[2]}"
    ]
    assert crossbook("trades", "--run", "nobody").code == 1


async def test_a_trace_leads_from_the_tick_to_the_fills_whichever_id_is_given(crossbook, write):
    tick, asked = "rec:a:BTC/USDT:41", "rec:a:BTC/USDT:41/sizing.0"
    ordered = origin(asked, correlation_id=tick, causation_id=tick, channel="trade_orders", wall_cause_sent=1_000_000)
    settled = origin(
        f"{asked}/process_manager.result#1", correlation_id=tick, causation_id=asked, wall_sent=5_000_000
    )  # fmt: skip
    await write((order("t1"), ordered), (result("t1"), settled))

    found = [crossbook("trace", name, "--json") for name in (tick, asked, "t1", "o-t1", "cb-t1-buy")]

    assert {answer.code for answer in found} == {0}
    assert len({answer.out for answer in found}) == 1
    messages = found[0].json["messages"]
    assert [(row["depth"], row["channel"]) for row in messages] == [
        (0, "market_data"), (1, "trade_orders"), (2, "trade_results"),
    ]  # fmt: skip
    assert (messages[0]["message_id"], messages[0]["partition"], messages[0]["offset"]) == (tick, 3, 41)
    assert messages[2]["wall_ms"] == 4.0
    assert [fill["role"] for fill in found[0].json["fills"]] == ["buy", "sell"]
    assert "no broker" in found[0].json["note"]
    assert crossbook("trace", "nobody").code == 1
    assert "trade_results" in crossbook("trace", "t1").out


async def test_dead_letters_are_listed_without_a_broker_and_not_replayed(crossbook, write):
    await write((result("t1"), origin("m1")))

    listed, unknown = crossbook("dlq", "list", "--json"), crossbook("dlq", "replay", "nobody")

    assert (listed.code, listed.json) == (0, [])
    assert unknown.code == 1
    assert "nobody" in unknown.err
    assert crossbook("dlq", "purge").code == 2


def test_nothing_there_yet_is_not_running_and_says_what_to_start(crossbook):
    for command in ("trades", "reconcile", "report", "dlq list", "trace x"):
        answer = crossbook(*command.split())

        assert answer.code == 3, command
        assert "crossbook demo" in answer.err
        assert answer.out == ""


def test_a_schema_is_brought_up_to_date_and_again_without_harm(crossbook, tmp_path):
    url = f"sqlite:///{tmp_path}/new/ledger.db"

    first, again = (crossbook("ledger", "migrate", "--json", ledger=url) for _ in range(2))

    assert (first.code, first.json) == (again.code, again.json)
    assert first.json["revision"]
    assert (tmp_path / "new" / "ledger.db").is_file()


def test_a_schema_that_cannot_be_reached_is_one_line_without_the_password(crossbook):
    answer = crossbook("ledger", "migrate", ledger="postgresql://u:hunter2@127.0.0.1:1/crossbook")

    assert answer.code == 1
    assert answer.err.startswith("crossbook: ledger postgresql://u:***@127.0.0.1:1/crossbook")
    assert answer.err.count("\n") == 1
    assert "hunter2" not in answer.err
