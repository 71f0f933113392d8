"""Commands that need neither broker nor ledger."""

import json

from app.feeds.recording import open_recording


def test_a_generated_market_is_the_same_for_the_same_seed_and_can_be_opened(crossbook, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl.zst"

    found = crossbook("generate", str(one), "--seed", "7", "--seconds", "10", "--rate", "200", "--json")
    crossbook("generate", str(two), "--seed", "7", "--seconds", "10", "--rate", "200")

    assert found.json["books"] == sum(1 for _ in open_recording(one))
    assert list(open_recording(one)) == list(open_recording(two))
    assert found.json["dislocations"] > 0
    assert crossbook("generate", str(one)).code == 2  # it is there already
    assert crossbook("generate", str(tmp_path / "x.csv")).code == 2
    assert crossbook("generate", str(tmp_path / "y.jsonl"), "--seconds", "0").code == 2


def test_the_topology_is_told_without_broker_or_profiles(crossbook):
    text, mermaid, found = crossbook("topology"), crossbook("topology", "--mermaid"), crossbook("topology", "--json")

    assert [stage["stage"] for stage in found.json] == ["decide", "execute", "account"]
    assert [route["pattern"] for route in found.json[0]["routes"]][:2] == ["Message Filter", "Dynamic Router"]
    assert "Idempotent Receiver" in text.out
    assert mermaid.out.startswith("flowchart LR\n")
    assert "channel_trade_orders --> execute" in mermaid.out
    assert crossbook("topology", "--mermaid", "--json").code == 2


def test_the_same_stages_whatever_the_join(crossbook):
    aligned = crossbook("topology", "--json", join="aligned", expected_venues='["aurora","draco"]')

    assert "Aggregator" in [route["pattern"] for route in aligned.json[0]["routes"]]


def test_settings_say_where_they_come_from_and_hide_what_is_secret(crossbook, tmp_path):
    (tmp_path / "crossbook.toml").write_text('partitions = 2\nbroker_password = "hunter2"\n')

    found = crossbook("config", "show", "--json", ledger="postgresql://me:hunter2@db/crossbook?password=hunter2")
    table = crossbook("config", "show", ledger="postgresql://me:hunter2@db/crossbook")
    path = crossbook("config", "path", "--json")

    assert found.json["partitions"] == {"value": 2, "from": "file"}
    assert found.json["home"]["from"] == "environment"
    assert found.json["namespace"] == {"value": "crossbook", "from": "default"}
    assert "hunter2" not in found.out + table.out
    assert "me:***@db" in found.out
    assert path.json == {"path": str(tmp_path / "crossbook.toml"), "exists": True}


def test_a_wrong_setting_ends_with_4_and_names_it(crossbook):
    answer = crossbook("config", "show", partitions="0")

    assert answer.code == 4
    assert "partitions" in answer.err


def test_doctor_says_of_each_row_what_to_do(crossbook, tmp_path):
    broken = tmp_path / "routing.toml"
    broken.write_text("[[rules]]\nvenue = 3\n")

    well, ill = crossbook("doctor", "--json"), crossbook("doctor", "--json", routing=str(broken))

    rows = {row["check"]: row for row in ill.json["checks"]}
    assert {row["state"] for row in well.json["checks"]} <= {"ok", "warn", "fail"}
    assert (ill.code, rows["routing table"]["state"]) == (1, "fail")
    assert "routing.toml" in rows["routing table"]["advice"]
    assert all(row["advice"] for row in ill.json["checks"] if row["state"] == "fail")
    assert "routing table" in crossbook("doctor").out


def test_doctor_tells_settings_that_cannot_be_read_as_a_row(crossbook, tmp_path):
    (tmp_path / "crossbook.toml").write_text("partitions = \n")

    answer = crossbook("doctor", "--json")

    row = answer.json["checks"][0]
    assert (answer.code, row["check"], row["state"]) == (1, "settings", "fail")
    assert "crossbook.toml" in row["found"]


def test_doctor_tells_a_ledger_whose_folder_cannot_be_made(crossbook, tmp_path):
    (tmp_path / "file").touch()

    answer = crossbook("doctor", "--json", ledger=f"sqlite:///{tmp_path}/file/ledger.db")

    rows = {row["check"]: row for row in answer.json["checks"]}
    assert (answer.code, rows["ledger"]["state"]) == (1, "fail")
    assert str(tmp_path / "file") in rows["ledger"]["found"]


def test_status_without_a_broker_ends_with_3_and_still_tells_what_it_knows(crossbook):
    table, found = crossbook("status"), crossbook("status", "--json")

    assert (table.code, found.code) == (3, 3)
    assert (found.json["broker"], found.json["ledger"]) == (None, None)
    assert found.json["taken_at"] > 0
    assert "broker start" in table.err


def test_control_without_a_broker_ends_with_3(crossbook):
    assert crossbook("control", "pause", "decide").code == 3
    assert crossbook("control", "pause", "everything").code == 2
    assert crossbook("control", "tap", "2").code == 2


def test_rules_that_part_a_pair_are_refused_before_a_broker_is_asked(crossbook, tmp_path):
    table = tmp_path / "routing.toml"
    table.write_text('otherwise = "join"\n[[rules]]\nvenue = "binance"\npair = "BTC/*"\nto = "order_books.majors"\n')

    answer = crossbook("control", "rules", str(table))

    assert answer.code == 4
    assert "a rule moves whole pairs" in answer.err


def test_runs_are_listed_and_purged_and_unknown_commands_are_usage_errors(crossbook):
    assert json.loads(crossbook("runs", "list", "--json").out) == []
    assert crossbook("runs", "purge", "--json").json == {"purged": []}
    assert crossbook("runs", "purge", "--keep", "-1").code == 2
    assert crossbook("nonsense").code == 2
