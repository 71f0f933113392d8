"""Settings become a connection in one place, and a broker that is away is waited for, not guessed at."""

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from faust.utils.urls import urllist
from pydantic import SecretStr

from app.broker import ports
from app.broker.connection import addresses, client_arguments, faust_broker, faust_credentials, wait_for_broker
from app.broker.provide import provided_broker
from app.domain.errors import ConfigurationError, TimedOut
from app.settings import Settings


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("kafka://a:9093", ["a:9093"]),
        ("kafka://a", ["a:9092"]),
        ("kafka://a:9092,b:9093", ["a:9092", "b:9093"]),
        ("kafka://a:9092;kafka://b:9093", ["a:9092", "b:9093"]),
        ("a:9092, b:9093", ["a:9092", "b:9093"]),
        ("kafka://[::1]:9093", ["[::1]:9093"]),
    ],
)
def test_one_or_several_brokers_are_read(broker, expected):
    assert addresses(Settings(broker=broker)) == expected


@pytest.mark.parametrize("broker", ["", "http://a:9092", "kafka://a:port", "kafka://a:99999", "kafka://", "kafka://a,"])
def test_what_is_no_broker_is_refused(broker):
    with pytest.raises(ConfigurationError, match="is not kafka://host:port"):
        addresses(Settings(broker=broker))


@pytest.mark.parametrize("broker", ["kafka://me:hunter2@a:9092", "http://me:hunter2@a:9092"])
def test_a_password_in_the_address_is_refused_and_not_repeated(broker):
    with pytest.raises(ConfigurationError) as refused:
        addresses(Settings(broker=broker))

    assert "hunter2" not in str(refused.value)


def test_faust_reads_the_same_brokers():
    settings = Settings(broker="kafka://a:9092,b:9093")

    urls = urllist(faust_broker(settings, scheme="batched"))

    assert [str(url) for url in urls] == ["batched://a:9092", "batched://b:9093"]


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_faust_and_aiokafka_connect_in_the_same_way(protocol):
    user = {"broker_username": "me", "broker_password": "secret"} if protocol.startswith("SASL") else {}
    settings = Settings(
        broker="kafka://a", broker_security_protocol=protocol, broker_sasl_mechanism="SCRAM-SHA-512", **user
    )

    ours, fausts = client_arguments(settings), credentials_to_aiokafka_auth(faust_credentials(settings))

    del ours["bootstrap_servers"]
    for arguments in (ours, fausts):
        context = arguments.pop("ssl_context", None)
        assert isinstance(context, ssl.SSLContext) == protocol.endswith("SSL")
        assert context is None or context.verify_mode == ssl.CERT_REQUIRED
    assert ours == fausts


def test_settings_that_contradict_each_other_are_refused(tmp_path):
    broker = {"broker": "kafka://a"}

    with pytest.raises(ConfigurationError, match="broker_username is empty"):
        client_arguments(Settings(**broker, broker_security_protocol="SASL_SSL"))
    with pytest.raises(ConfigurationError, match="would not send it"):
        client_arguments(Settings(**broker, broker_username="me"))
    with pytest.raises(ConfigurationError, match=r"no\.pem"):
        client_arguments(Settings(**broker, broker_security_protocol="SSL", broker_ca_file=tmp_path / "no.pem"))


async def test_a_broker_that_is_away_is_waited_for_and_then_named(caplog):
    said = []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(TimedOut) as late:
        await wait_for_broker(Settings(broker=f"kafka://127.0.0.1:{port}"), timeout=0.5, say=said.append)

    assert late.value.exit_code == 5
    assert f"127.0.0.1:{port} within 0.5 s" in str(late.value)
    assert "Connect call failed" in str(late.value)
    assert "CROSSBOOK_BROKER" in str(late.value)
    assert said == [f"waiting up to 0.5 s for the broker at 127.0.0.1:{port} ..."]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_open_port_is_not_yet_a_broker():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = Settings(broker=f"kafka://127.0.0.1:{mute.getsockname()[1]}")
        with pytest.raises(TimedOut):
            await wait_for_broker(settings, timeout=0.5)


@pytest.mark.broker
async def test_a_broker_that_comes_late_is_enough(make_broker):
    broker, waiting = make_broker(), asyncio.Event()
    port, _ = ports.choose(_folder(broker.data_dir) / "ports.json")
    loop = asyncio.get_running_loop()
    wait = wait_for_broker(Settings(broker=f"kafka://127.0.0.1:{port}"), timeout=30.0, say=lambda line: waiting.set())

    waiter = asyncio.create_task(wait)
    await waiting.wait()
    await loop.run_in_executor(None, broker.start)

    await waiter


@pytest.mark.broker
def test_a_broker_is_provided_for_as_long_as_it_is_needed(make_broker, home):
    settings, said = Settings(home=home), []

    with provided_broker(settings, said.append) as reached:
        running = make_broker().running()

    assert reached.broker.startswith("kafka://127.0.0.1:")
    assert running
    assert not make_broker().running()
    assert said == ["starting the embedded broker ..."]


@pytest.mark.broker
async def test_tls_and_a_password_reach_a_real_broker_and_wrong_ones_are_refused_at_once(make_broker, tmp_path):
    if shutil.which("keytool") is None:
        pytest.skip("no keytool here: it comes with the JRE")
    certificate = _certificate(tmp_path)
    external, properties = _listener_with_tls_and_password(make_broker().data_dir, tmp_path)
    make_broker(properties=properties).start()
    good = Settings(
        broker=f"kafka://127.0.0.1:{external}",
        broker_security_protocol="SASL_SSL",
        broker_username="alice",
        broker_password=SecretStr("open sesame"),
        broker_ca_file=certificate,
    )

    await wait_for_broker(good, timeout=20.0)

    with pytest.raises(ConfigurationError, match="refused user 'alice'") as refused:
        await wait_for_broker(good.model_copy(update={"broker_password": SecretStr("wrong")}))
    assert "sesame" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="CROSSBOOK_BROKER_CA_FILE"):
        await wait_for_broker(good.model_copy(update={"broker_ca_file": None}))


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _certificate(folder: Path) -> Path:
    """A self-signed one for 127.0.0.1: the broker's keystore, and the PEM that clients trust."""
    store = ["-keystore", str(folder / "store.p12"), "-storepass", "changeit", "-alias", "broker"]
    name = ["-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"]
    for command in (["-genkeypair", "-keyalg", "RSA", *name], ["-exportcert", "-rfc", "-file", str(folder / "ca.pem")]):
        subprocess.run(["keytool", *command, *store], check=True, capture_output=True)  # noqa: S603, S607 our own list
    return folder / "ca.pem"


def _listener_with_tls_and_password(data_dir: Path, folder: Path) -> tuple[int, dict[str, str]]:
    """The port of a second listener, and the properties that give it to a broker in `data_dir`."""
    port, controller = ports.choose(_folder(data_dir) / "ports.json")
    external, _ = ports.choose(folder / "external.json")
    return external, {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},OUT://127.0.0.1:{external}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},OUT://127.0.0.1:{external}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OUT:SASL_SSL",
        "listener.name.out.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.out.plain.sasl.jaas.config": (
            'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="open sesame";'
        ),
        "listener.name.out.ssl.keystore.type": "PKCS12",
        "listener.name.out.ssl.keystore.location": str(folder / "store.p12"),
        "listener.name.out.ssl.keystore.password": "changeit",
    }
