"""THE place where Settings become a connection: for aiokafka's clients, for Faust, and the wait for an answer."""

import asyncio
import logging
import ssl
from typing import Any
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from app.broker.say import Say, quiet
from app.domain.errors import ConfigurationError, TimedOut
from app.settings import Settings

_REFUSED = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    IllegalSaslStateError,
    UnsupportedSaslMechanismError,
)
ClientArguments = dict[str, Any]  # keyword arguments of any aiokafka client: admin, consumer, producer
DEFAULT_PORT = 9092


def addresses(settings: Settings) -> list[str]:
    """`broker` as ["host:port", ...]; it may be kafka://a:9092,b:9092 or kafka://a:9092;kafka://b:9092.

    Raises ConfigurationError for an empty or unreadable one, and for a password in it (it would be shown in messages).
    """
    found = []
    for part in settings.broker.replace(";", ",").split(","):
        scheme, divider, rest = part.strip().rpartition("://")
        try:
            url = urlsplit(f"kafka://{rest}")
            host, port = url.hostname, url.port or DEFAULT_PORT
        except ValueError:
            host, port = None, 0
        if not host or (divider and scheme.lower() != "kafka") or url.path.strip("/") or url.query:
            raise ConfigurationError(
                f"setting broker: {_masked(part)!r} is not kafka://host:port; several are separated by commas"
            )
        if url.username is not None:
            raise ConfigurationError(
                "setting broker holds a user name; use CROSSBOOK_BROKER_USERNAME and CROSSBOOK_BROKER_PASSWORD instead"
            )
        found.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return found


def client_arguments(settings: Settings) -> ClientArguments:
    """bootstrap_servers, security_protocol, ssl_context and sasl_* for an aiokafka client.

    Raises ConfigurationError when the settings contradict each other or the certificate file cannot be read.
    """
    arguments: ClientArguments = {
        "bootstrap_servers": addresses(settings),
        "security_protocol": settings.broker_security_protocol,
    }
    if settings.broker_security_protocol.endswith("SSL"):
        arguments["ssl_context"] = _tls(settings)
    if settings.broker_security_protocol.startswith("SASL"):
        if not settings.broker_username:
            raise ConfigurationError(
                f"broker_security_protocol is {settings.broker_security_protocol} and broker_username is empty; "
                "set CROSSBOOK_BROKER_USERNAME and CROSSBOOK_BROKER_PASSWORD"
            )
        arguments["sasl_mechanism"] = settings.broker_sasl_mechanism
        arguments["sasl_plain_username"] = settings.broker_username
        arguments["sasl_plain_password"] = settings.broker_password.get_secret_value()
    elif settings.broker_username:
        raise ConfigurationError(
            f"broker_username is set, and broker_security_protocol {settings.broker_security_protocol} "
            "would not send it; set CROSSBOOK_BROKER_SECURITY_PROTOCOL to SASL_SSL (or SASL_PLAINTEXT)"
        )
    return arguments


def faust_broker(settings: Settings, scheme: str = "kafka") -> str:
    """`broker` as Faust takes it, with the `scheme` that names its transport: "kafka://a:9092;kafka://b:9092"."""
    return ";".join(f"{scheme}://{address}" for address in addresses(settings))


def faust_credentials(settings: Settings) -> Any:
    """Faust's `broker_credentials` for the same connection as `client_arguments`; None for PLAINTEXT."""
    from faust.auth import SASLCredentials, SSLCredentials  # noqa: PLC0415 half a second that `broker status` needs not

    arguments = client_arguments(settings)
    if "sasl_mechanism" in arguments:
        return SASLCredentials(
            username=arguments["sasl_plain_username"],
            password=arguments["sasl_plain_password"],
            ssl_context=arguments.get("ssl_context"),
            mechanism=arguments["sasl_mechanism"],
        )
    return SSLCredentials(context=arguments["ssl_context"]) if "ssl_context" in arguments else None


async def wait_for_broker(settings: Settings, timeout: float | None = None, say: Say = quiet) -> None:  # noqa: ASYNC109
    """Returns when an admin client has been answered; tries for `timeout` seconds (default: `broker_wait_s`).

    Raises TimedOut naming the addresses and the last cause; ConfigurationError at once when the broker, or its
    certificate, refuses us, which waiting does not heal.
    """
    arguments = client_arguments(settings)
    patience = settings.broker_wait_s if timeout is None else timeout
    where = ", ".join(arguments["bootstrap_servers"])
    loop = asyncio.get_running_loop()
    deadline, pause, told = loop.time() + patience, 0.1, False
    causes = _Causes()
    logging.getLogger("aiokafka").addFilter(causes)
    try:
        while True:
            try:
                await asyncio.wait_for(_ask(arguments), max(deadline - loop.time(), 0.5))
                return
            except (KafkaError, OSError, TimeoutError) as error:
                cause = causes.last or error
            if isinstance(cause, _REFUSED):
                raise ConfigurationError(f"broker {where} refused user {settings.broker_username!r}: {cause}")
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise ConfigurationError(
                    f"broker {where}: {cause}; set CROSSBOOK_BROKER_CA_FILE to its authority's PEM"
                )
            if loop.time() + pause > deadline:
                reason = str(cause) or type(cause).__name__
                raise TimedOut(
                    f"no broker answered at {where} within {patience:g} s (last: {reason}); "
                    "start it, correct CROSSBOOK_BROKER, or unset it to use the embedded broker"
                )
            if not told:
                say(f"waiting up to {patience:g} s for the broker at {where} ...")
                told = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)
    finally:
        logging.getLogger("aiokafka").removeFilter(causes)


async def _ask(arguments: ClientArguments) -> None:
    client = AIOKafkaAdminClient(**arguments, request_timeout_ms=5_000)
    try:
        await client.start()
        if not (await client.describe_cluster())["brokers"]:
            raise KafkaError("the cluster has no broker yet")
    finally:
        await client.close()


class _Causes(logging.Filter):
    """aiokafka logs why it cannot connect and raises an error without the reason: keeps it, and the log quiet."""

    last: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        reasons = [argument for argument in record.args or () if isinstance(argument, BaseException)]
        if reasons:
            self.last = reasons[-1]
        return not reasons


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.broker_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"broker_ca_file {settings.broker_ca_file}: {error}; it must be a PEM file") from None


def _masked(part: str) -> str:
    return "***@" + part.rpartition("@")[2] if "@" in part else part.strip()
