"""The control room's files as they are shipped, on a real mosquitto: TLS, who may write where, the example consumer."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge_agent.arguments import EventsReplay
from edge_agent.console.account import Role
from edge_agent.console.settings import ConsoleSettings
from edge_agent.errors import PermanentError
from edge_agent.events.settings import KeptSettings, OutboxSettings
from edge_agent.values.command import Command, Reply
from tests.conftest import _need as need
from tests.console import room as console_room
from tests.events.test_outbox import notice
from tests.peers.peer import Peer, free_port, missing
from tests.uplink.town import AGENT, ROOT, Agent, Office, Place, agent, until

CSU = Path(__file__).parents[2] / "deploy" / "csu"
PASSWORD = "long and not guessed"  # noqa: S105 - of a broker that lives for one test


HALL = f"""
user hall-1
topic write bridge/hall-1
topic readwrite {ROOT}/#
"""


@dataclass
class Town:
    """A broker that runs the shipped configuration; ``host`` and ``port`` as ``tests.peers.broker`` has them."""

    folder: Path
    port: int
    with_certificates: int
    host: str = "127.0.0.1"
    broker: Peer = field(init=False)

    def start(self) -> None:
        """Starts it, again at the same address after ``broker.stop()``."""
        self.broker = Peer(["mosquitto", "-c", str(self.folder / "mosquitto.conf")], self.folder / "mosquitto.log")
        self.broker.wait_for_port(self.port)
        self.broker.wait_for_port(self.with_certificates)

    def tls(self, name: str = "") -> dict[str, str]:
        files = {"ca": "ca.pem"} | ({"certificate": f"{name}.pem", "key": f"{name}.key"} if name else {})
        return {what: str(self.folder / file) for what, file in files.items()}

    def client(self, name: str, **options: Any) -> aiomqtt.Client:
        context = ssl.create_default_context(cafile=self.tls()["ca"])
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return aiomqtt.Client(self.host, self.with_certificates, tls_context=context, **options)


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    need(not missing("mosquitto", "mosquitto_passwd", "openssl"), "needs a broker: apt-get install mosquitto openssl")
    folder = tmp_path_factory.mktemp("csu")
    made = Town(folder, free_port(), free_port())
    names = ["csu", AGENT, "mairie-4", "hall-1"]
    subprocess.run([CSU / "certificates", folder, made.host, *names], check=True, capture_output=True)
    (folder / "passwords").touch(0o600)
    for name in names:
        subprocess.run(["mosquitto_passwd", "-b", str(folder / "passwords"), name, PASSWORD], check=True)
    (folder / "acl.conf").write_text((CSU / "acl.conf").read_text() + HALL)
    (folder / "acl.conf").chmod(0o600)
    rewritten = (CSU / "mosquitto.conf").read_text()
    for old, new in {
        "/etc/mosquitto/certs/": f"{folder}/",
        "/etc/mosquitto/": f"{folder}/",
        "/var/lib/mosquitto/": f"{folder}/",
        "listener 8883": f"listener {made.port} {made.host}",
        "listener 8884": f"listener {made.with_certificates} {made.host}",
        "log_dest syslog": "log_dest stderr\nuser root",
    }.items():
        assert old in rewritten
        rewritten = rewritten.replace(old, new)
    (folder / "mosquitto.conf").write_text(rewritten)
    made.start()
    yield made
    made.broker.kill()


def test_a_certificate_is_kept_and_a_new_box_gets_its_own(tmp_path: Path) -> None:
    need(not missing("openssl"), "needs openssl: apt-get install openssl")
    script = [str(CSU / "certificates"), str(tmp_path), "broker.town.example"]
    subprocess.run([*script, "box-1"], check=True, capture_output=True)
    before = (tmp_path / "box-1.pem").read_bytes()
    subprocess.run([*script, "box-1", "box-2"], check=True, capture_output=True)
    assert (tmp_path / "box-1.pem").read_bytes() == before
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.pem")]
    subprocess.run([*verify, tmp_path / "broker.pem", tmp_path / "box-2.pem"], check=True, capture_output=True)
    assert subprocess.run([*script, "Box 3"], check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("certificate", [True, False])
async def test_an_agent_tells_and_is_asked_under_its_own_name(
    town: Town,
    tmp_path: Path,
    certificate: bool,  # noqa: FBT001 - the other way is a password
) -> None:
    office = Office()
    async with town.client("csu") as csu:
        await csu.subscribe("edge/v1/#", qos=1)
        async with mairie_3(town, tmp_path, certificate=certificate, keys=(office.public,)) as box:
            await box.online()
            await box.journal.tell(None, notice())
            assert await heard(csu, f"{ROOT}/event/audit")
            command = {"id": "1", "token": office.token("talkdown.play:street"), "arguments": {"camera": "street"}}
            await csu.publish(f"{ROOT}/command/talkdown.play", json.dumps(command), qos=1)
            assert (await heard(csu, f"{ROOT}/reply/1"))["ok"]


@pytest.fixture
def console(town: Town, tmp_path: Path) -> tuple[ConsoleSettings, Office]:
    """A console as it is deployed: TLS on both sides, the broker's account csu."""
    office, room = Office(), console_room.Town(tmp_path, town)  # type: ignore[arg-type] # host and port are all it asks for
    pem = office.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    room.key.write_bytes(pem)
    room.account("anne", Role.OPERATOR)
    mqtt = {"host": town.host, "port": town.port, "username": "csu", "password": PASSWORD, "tls": town.tls()}
    files = {"certificate": str(town.folder / "broker.pem"), "key": str(town.folder / "broker.key")}
    return room.console(mqtt=mqtt, web={"port": 0, "tls": files}), office


async def test_the_console_hears_and_commands_with_its_account(
    town: Town, tmp_path: Path, console: tuple[ConsoleSettings, Office]
) -> None:
    settings, office = console
    async with (
        mairie_3(town, tmp_path, certificate=True, keys=(office.public,)) as box,
        console_room.running(settings) as running,
    ):
        box.uplink.retain("info", {"cameras": [{"id": "street", "speaker": True}]})
        await until(lambda: AGENT in running.town.boxes and running.town.boxes[AGENT].camera("street"))
        await until(lambda: running.town.boxes[AGENT].online)
        trusted = await asyncio.to_thread(ssl.create_default_context, cafile=town.tls()["ca"])
        async with console_room.operator(running, "anne", tls=trusted) as anne:
            [cookie] = anne.client.cookie_jar
            assert cookie["secure"]
            assert await anne.post(f"/api/cameras/{AGENT}:street/hush", {}) == (204, None)


async def test_an_agent_that_writes_under_another_name_is_refused_and_told_the_remedy(
    town: Town, tmp_path: Path
) -> None:
    async with mairie_3(town, tmp_path, certificate="mairie-4") as box:
        await until(lambda: box.uplink.trouble)
        assert isinstance(box.uplink.trouble, PermanentError)
        assert "ACL" in box.uplink.trouble.remedy
        await box.journal.tell(None, notice())
        assert (box.outbox.depth, box.uplink.published) == (1, 0)


async def test_an_agent_reads_its_own_commands_and_nothing_else(town: Town) -> None:
    async with town.client("csu") as csu, town.client("mairie-4") as other:
        await other.subscribe([("edge/v1/#", 1), (f"{ROOT}/command/+", 1), ("edge/v1/mairie-4/command/+", 1)])
        await csu.publish(f"{ROOT}/command/live.open", b'{"id": "for mairie-3"}', qos=1)
        await csu.publish("edge/v1/mairie-4/command/live.open", b'{"id": "for mairie-4"}', qos=1)
        async with asyncio.timeout(20):
            message = await anext(other.messages)
        assert str(message.topic) == "edge/v1/mairie-4/command/live.open"


def test_the_example_is_as_short_as_it_says() -> None:
    assert len([line for line in (CSU / "consumer.py").read_text().splitlines() if line]) <= 60


async def test_nobody_comes_in_without_a_certificate_or_password(town: Town) -> None:
    context = ssl.create_default_context(cafile=town.tls()["ca"])
    for port in (town.port, town.with_certificates):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(town.host, port, tls_context=context, timeout=2):
                pass


async def test_the_example_consumer_prints_everything_once_and_has_holes_filled(town: Town, tmp_path: Path) -> None:
    office = Office()
    key = office.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    environment = os.environ | {
        "CSU_HOST": town.host,
        "CSU_PORT": str(town.port),
        "CSU_PASSWORD": PASSWORD,
        "CSU_CA": town.tls()["ca"],
        "CSU_KEY": key,
        "CSU_EVERY": "0.2",
        "CSU_STATE": str(tmp_path / "seen.sqlite"),
    }
    holder: list[Agent] = []

    async def obey(command: Command) -> Reply:
        replayed = await holder[0].journal.replay(EventsReplay.model_validate(dict(command.arguments)).wanted)
        return Reply(command.id, ok=True, result={"again": replayed.again, "waiting": replayed.waiting})

    limits = OutboxSettings(kept=KeptSettings(rows=50))
    async with mairie_3(town, tmp_path, certificate=True, keys=(office.public,), obey=obey, limits=limits) as box:
        holder.append(box)
        await box.online()
        for number in range(1, 61):  # before anybody listens: holes that the consumer finds
            await box.journal.tell(None, notice(str(number)))
        await until(lambda: box.outbox.depth == 0)
        consumer = await asyncio.create_subprocess_exec(
            sys.executable, CSU / "consumer.py", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            assert consumer.stdout is not None
            assert consumer.stderr is not None
            told = asyncio.create_task(tell_until_heard(box))
            async with asyncio.timeout(30):
                seen = [json.loads(await consumer.stdout.readline())["data"]["sequence"]]
                told.cancel()
                while not {*range(51, 61)} <= set(seen):
                    seen.append(json.loads(await consumer.stdout.readline())["data"]["sequence"])
                lost = (await consumer.stderr.readline()).decode().split()
        finally:
            consumer.kill()
            await consumer.communicate()
        assert len(seen) == len(set(seen)), "each once"
        assert lost[:6] == ["lost", "for", "good:", AGENT, box.outbox.boot, "1"]


async def tell_until_heard(box: Agent) -> None:
    """Tells something each moment: what the consumer hears first shows it what it missed."""
    while True:
        await box.journal.tell(None, notice("now"))
        await asyncio.sleep(1)


def mairie_3(town: Town, folder: Path, *, certificate: str | bool, **options: Any) -> Any:
    if certificate:
        name = AGENT if certificate is True else certificate
        return agent(Place(town.with_certificates), folder, tls=town.tls(name), **options)
    return agent(Place(town.port), folder, tls=town.tls(), username=AGENT, password=PASSWORD, **options)


def bytes_of(message: aiomqtt.Message) -> bytes:
    assert isinstance(message.payload, bytes)
    return message.payload


async def heard(client: aiomqtt.Client, topic: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        async for message in client.messages:
            if str(message.topic) == topic:
                found: dict[str, Any] = json.loads(bytes_of(message))
                return found
    raise AssertionError(topic)
