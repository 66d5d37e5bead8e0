"""What goes wrong at the broker, as a person reads it; TLS against a real broker."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiomqtt import MqttCodeError, MqttError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import PermanentError, TransientError
from edge_agent.uplink.errors import refusal, trouble
from tests.peers.broker import Broker
from tests.uplink.town import agent, until


def wrapped(cause: BaseException) -> BaseException:
    """As aiomqtt raises it: the cause is hidden but kept."""
    try:
        try:
            raise cause
        except OSError as exc:
            raise MqttError(str(exc)) from None
    except MqttError as exc:
        return exc


@pytest.mark.parametrize(
    ("exc", "kind", "word"),
    [
        (wrapped(ConnectionRefusedError()), TransientError, "mqtt.port"),
        (wrapped(socket.gaierror(-2, "unknown")), TransientError, "mqtt.host"),
        (wrapped(TimeoutError()), TransientError, "firewall"),
        (wrapped(ssl.SSLError(1, "wrong version")), PermanentError, "mqtt.tls"),
        (wrapped(OSError(113, "no route")), TransientError, "no route"),
        (MqttError("Operation timed out"), TransientError, "the connection was lost"),
        (MqttCodeError(4, "x"), TransientError, "the connection was lost"),
        (MqttCodeError(ReasonCode(PacketTypes.DISCONNECT, identifier=142)), PermanentError, "agent.id"),
    ],
)
def test_each_trouble_has_a_kind_and_a_remedy(exc: BaseException, kind: type[Exception], word: str) -> None:
    found = trouble(exc, "broker:1883")
    assert isinstance(found, kind)
    assert word in str(found)
    assert found.remedy
    assert str(found).startswith("broker:1883: ")


def test_a_refused_message_is_for_a_person_to_mend() -> None:
    assert isinstance(refusal(ReasonCode(PacketTypes.PUBACK, "Not authorized"), "b"), PermanentError)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "broker.pem"
    pem = made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return path


async def test_tls_with_the_right_authority_connects_and_with_another_says_why(
    make_broker: Callable[..., Broker], certificate: Path, tmp_path: Path
) -> None:
    broker = make_broker(settings=f"certfile {certificate}\nkeyfile {certificate}")
    async with agent(broker, tmp_path / "a", tls={"ca": str(certificate)}) as box:
        await box.online()
    async with agent(broker, tmp_path / "b", tls={}) as box:
        await until(lambda: box.uplink.trouble)
        assert "certificate cannot be trusted" in str(box.uplink.trouble)
    async with agent(broker, tmp_path / "c") as box:
        await until(lambda: box.uplink.trouble)
        assert "hung up instead of answering" in str(box.uplink.trouble)
    async with agent(broker, tmp_path / "d", tls={"ca": "/nowhere"}) as box:
        await until(lambda: box.uplink.trouble)
        assert "mqtt.tls" in str(box.uplink.trouble)
