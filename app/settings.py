"""Every setting: typed, with its unit and its default.

Read from the environment (`CROSSBOOK_<NAME>`), then from `crossbook.toml` in the current folder (or the file that
`CROSSBOOK_CONFIG` names); flags of a command come first. `crossbook config show` prints what holds, secrets masked.
"""

import os
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from app.domain.errors import ConfigurationError

CONFIG_VARIABLE = "CROSSBOOK_CONFIG"


class Settings(BaseSettings):
    """One process's settings. Amounts are decimal text in quote currency, `_ms` milliseconds, `_bps` basis points."""

    model_config = SettingsConfigDict(env_prefix="CROSSBOOK_", extra="forbid", frozen=True)

    home: Path = Field(
        Path(".crossbook"), validate_default=True, description="Folder of all local state: broker data, runs, reports."
    )
    broker: str = Field(
        "", description="kafka://host:port[,host:port]. Empty: the embedded broker, started when a command needs it."
    )
    broker_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    broker_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    broker_username: str = ""
    broker_password: SecretStr = SecretStr("")
    broker_ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the broker's certificate."
    )
    broker_wait_s: float = Field(30.0, ge=0, description="How long to wait for a broker that is away at start.")
    send_timeout_ms: int = Field(
        30_000, ge=1_000, description="A message that the broker does not take for so long stops the worker."
    )
    replication: int = Field(1, ge=1, description="Replication factor of the channels Crossbook creates.")

    namespace: str = Field(
        "crossbook", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="Prefix of every channel and consumer group."
    )
    partitions: int = Field(4, ge=1, le=256, description="Partitions of market_data and what is derived from it.")
    retention_ms: int = Field(7 * 86_400_000, ge=60_000, description="How long channels and seen ids are kept.")
    stages: str = Field("decide,execute,account", description="Stages this worker runs, comma separated.")
    decide_source: str = Field("market_data", description="Channel that this worker's decide stage consumes.")

    ledger: SecretStr = Field(
        SecretStr(""), description="SQLAlchemy URL; empty: SQLite under home. May hold a password, so it is masked."
    )
    venues: Path | None = Field(None, description="Venue profiles (TOML): fees, lots, ticks, minimums, funds, aliases.")
    routing: Path | None = Field(None, description="Routing table (TOML); empty: every pair to the join.")

    venue_names: tuple[str, ...] = Field((), description="Venues that are traded; empty: all that have a profile.")
    pairs: tuple[str, ...] = Field((), description="Pairs that are traded; empty: every pair that is spelt BASE/QUOTE.")
    join: Literal["each", "aligned"] = "each"
    expected_venues: tuple[str, ...] = Field(
        (), description="aligned: the venues that an instant waits for; from the source."
    )
    aligned_timeout_ms: int = Field(
        5_000, gt=0, description="aligned: event time after which a short instant is dropped."
    )
    trade: Literal["opened", "every"] = "opened"
    depletion: bool = Field(False, description="Withhold what we took until that level changes.")
    max_age_ms: int = Field(10_000, gt=0, description="A book further than this behind the pair's newest is stale.")
    future_ms: int = Field(60_000, gt=0, description="exchange_time this far after received_time is in the future.")
    fallback_size: str = Field("", description="Base amount of a level where a recording has no sizes.")
    fee_bps: str = Field("", description="Overrides profiles: one number for all venues, or venue=number,...")
    latency_ms: str = Field("", description="Overrides profiles: one number for all venues, or venue=number,...")
    funds: str = Field(
        "", description="Paper funds, venue:ASSET=amount,...; empty: as profiled, unlimited in a replay."
    )
    unlimited_funds: bool = Field(False, description="Ignore the funds of profiles: balances may go below zero.")
    virtual_time: bool = Field(
        False, description="Results count from the event time they happened at, so that a replay repeats itself."
    )
    account: str = Field("paper", description="The account whose money is at stake; the key of trade_orders.")
    max_notional: str = Field(
        "", description="Most quote currency a leg may turn over: USDT=5000,BTC=0.1; empty: no cap."
    )
    max_exposure: str = Field("", description="Most quote currency in open trades at once: USDT=50000; empty: no cap.")
    min_edge_bps: str = Field("0", description="Marginal net edge under which no further level is taken.")
    max_edge_bps: str = Field("500", description="Gross edge over which an opportunity is not believed.")
    slippage_bps: str = Field("0", description="How much worse than the worst level walked a limit price may be.")
    order_expiry_ms: int = Field(60_000, gt=0, description="Event time after which an order is not sent any more.")
    venue_timeout_ms: int = Field(
        10_000, ge=100, description="Wall time for a venue's answer; then it is asked what became of the order."
    )
    max_redeliveries: int = Field(3, ge=0, description="How often one dead letter may be replayed.")
    conflate_ms: int = Field(
        1_000, gt=0, description="order_books and sampled quotes: at most one a venue, pair and interval."
    )

    parent: int = Field(0, ge=0, description="Process id without which this worker leaves; 0: it stands alone.")
    web_port: int = Field(0, ge=0, le=65_535, description="Port of the worker's own web server, on loopback; 0: none.")
    metrics_port: int = Field(
        0, ge=-1, le=65_535, description="Port of /metrics, /healthz and /readyz; 0: a free one, -1: none."
    )
    metrics_host: str = Field("127.0.0.1", description="Address that these listen on; in a pod 0.0.0.0.")
    otlp_endpoint: str = Field(
        "", description="Where traces go, for example http://127.0.0.1:4318/v1/traces; empty: nothing is traced."
    )
    trace_share: float = Field(0.01, ge=0, le=1, description="Share of ticks that are traced, if traces go anywhere.")
    log_format: Literal["text", "json"] = "text"
    bot: str = Field("", description="The market this worker is a bot for, such as BTC/USDT; empty: it is none.")
    report_at: str = Field("5 0 * * *", description="Crontab (UTC) of the daily report, run by the leader.")
    reports: bool = Field(False, description="Whether this worker's leader writes the daily report.")
    helm: str = Field("helm", description="Helm's program, for `crossbook bots`.")
    kubectl: str = Field("kubectl", description="kubectl's program, for `crossbook bots`.")
    runs_kept: int = Field(10, ge=1, description="Replays and demos kept under home before the oldest is purged.")
    tap: float = Field(0.0, ge=0, le=1, description="Share of hops copied to the wire tap.")

    @field_validator("min_edge_bps", "max_edge_bps", "slippage_bps")
    @classmethod
    def _basis_points(cls, value: str) -> str:
        try:
            number = Decimal(value)
        except ArithmeticError:
            raise ValueError("not a decimal number") from None
        if not number.is_finite() or not 0 <= number < 10_000:
            raise ValueError("basis points from 0 to under 10000 are allowed")
        return value

    @field_validator("home", "venues", "routing", "broker_ca_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        """A child of ours may stand in another folder."""
        return None if value is None else value.absolute()

    @property
    def ledger_url(self) -> str:
        """Where the ledger is: as set, else SQLite under home."""
        return self.ledger.get_secret_value() or f"sqlite:///{self.home.resolve()}/ledger.db"

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, value: str) -> str:
        unknown = set(value.split(",")) - {"decide", "execute", "account"}
        if unknown:
            raise ValueError(f"unknown stage {', '.join(sorted(unknown))}; there are decide, execute, account")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(CONFIG_VARIABLE, "crossbook.toml")
        if not file:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))


def _wrong(row: Any) -> str:
    """One thing that is wrong with one setting. Values of secrets, and of misspelt names, stay unsaid."""
    name = ".".join(str(part) for part in row["loc"])
    known = Settings.model_fields.get(str(row["loc"][0]))
    if known is None:
        close = get_close_matches(name, Settings.model_fields, 1)
        return f"setting {name}: there is none of that name" + (f"; did you mean {close[0]}?" if close else "")
    secret = known.annotation is SecretStr or not isinstance(row.get("input"), str | int | float)
    shown = "" if secret else f" (value {row['input']!r})"
    return f"setting {name}: {row['msg'].removeprefix('Value error, ')}{shown}"


def load(**flags: object) -> Settings:
    """The settings that hold; `flags` come before environment and file.

    Raises ConfigurationError naming each setting, its value and what is wrong with it.
    """
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise ConfigurationError(f"{CONFIG_VARIABLE} names {file}, which is no file; correct the path or unset it")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError("; ".join(_wrong(row) for row in error.errors())) from None
    except ValueError as error:  # tomllib's, which names line and column
        raise ConfigurationError(f"settings file {file or 'crossbook.toml'}: {error}") from None
