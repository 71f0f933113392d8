"""What the last words of Helm, kubectl and the API server mean; each as one of them says it."""

import pytest

from app.bots import programs
from app.domain.errors import ConfigurationError, CrossbookError, NotFound, NotRunning, TimedOut

SAID = [
    ("Error: Kubernetes cluster unreachable: Get ...: dial tcp 127.0.0.1:1: connect: connection refused", NotRunning),
    ("The connection to the server localhost:8080 was refused - did you specify the right host or port?", NotRunning),
    ("Unable to connect to the server: dial tcp: lookup nowhere.invalid: no such host", NotRunning),
    (
        "Error: values don't meet the specifications of the schema(s) in the following chart(s):\ncrossbook:\n"
        "- at '/settings/partitions': minimum: got 0, want 1",
        ConfigurationError,
    ),
    ("Error: execution error at (crossbook/templates/validate.yaml:1:4): kafka.url: say where", ConfigurationError),
    ("Error: UPGRADE FAILED: context deadline exceeded", TimedOut),
    ("Error: INSTALLATION FAILED: timed out waiting for the condition", TimedOut),
    ("error: You must be logged in to the server (Unauthorized)", ConfigurationError),
    ('Error from server (Forbidden): pods is forbidden: User "x" cannot list', ConfigurationError),
    ("error: context was not found for specified context: nowhere", ConfigurationError),
    ("Error: uninstall: Release not loaded: crossbook-btc-usdt: release: not found", NotFound),
    ("Error from server (NotFound): the server could not find the requested resource", NotFound),
    ("Error: something new", CrossbookError),
    ("", CrossbookError),
]


@pytest.mark.parametrize(("said", "kind"), SAID)
def test_a_failure_is_told_by_what_the_caller_must_do(said, kind):
    found = programs.failure("helm upgrade", said)

    assert type(found) is kind
    assert str(found).startswith("helm upgrade: ")


def test_a_value_that_a_schema_refuses_is_told_with_its_path():
    assert "at '/settings/partitions': minimum: got 0" in str(programs.failure("helm", SAID[3][0]))


def test_a_program_that_is_not_there_says_where_to_name_it():
    with pytest.raises(ConfigurationError, match="CROSSBOOK_HELM"):
        programs.found("no-such-helm", "helm")


def test_a_program_that_hangs_is_not_waited_for():
    with pytest.raises(TimedOut, match="did not end within"):
        programs.run(["/bin/sleep", "30"], patience_s=0.1)


def test_what_a_program_was_told_is_not_in_the_message_of_its_failure():
    with pytest.raises(CrossbookError) as raised:
        programs.run(["/bin/sh", "-c", "exit 1 # hunter2"])

    assert "hunter2" not in str(raised.value)
