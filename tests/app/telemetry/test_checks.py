"""What /readyz says is what Prometheus is told."""

from prometheus_client.registry import CollectorRegistry

from app.telemetry.checks import HealthCollector
from app.telemetry.health import Check, Health

CHECKS = ("event_loop", "decide.tables", "account.ledger", "nobody")


def test_each_check_is_a_sample_by_its_name() -> None:
    health = Health()
    health.readiness.append(lambda: [Check("decide.tables", False, "recovering"), Check("account.ledger", True, "")])
    registry = CollectorRegistry()
    registry.register(HealthCollector(health))

    found = {check: registry.get_sample_value("crossbook_ready", {"check": check}) for check in CHECKS}

    assert found == {"event_loop": 1.0, "decide.tables": 0.0, "account.ledger": 1.0, "nobody": None}
