"""A real agent as it is installed, at its most talkative: no secret in its log, nobody outside this machine let in."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiomqtt

from tests.peers.broker import Broker
from tests.peers.peer import free_port
from tests.uplink.town import Office, until

SECRETS = ["s3cret-of-mqtt", "s3cret-of-camera", "s3cret-of-speaker", "s3cret-of-the-page-which-is-long-enough"]
CONFIG = """
[agent]
id = "mairie-3"
state = "{folder}/state"
log_level = "debug"
[policy]
profile = "fr-public-space"
[mqtt]
port = {port}
username = "mairie-3"
password = "{0}"
commands = {{ keys = ["{folder}/csu.pem"] }}
[cameras.street]
source = {{ kind = "rtsp", url = "rtsp://127.0.0.1:{closed}/one", username = "viewer", password = "{1}" }}
speaker = {{ kind = "backchannel", url = "rtsp://127.0.0.1:{closed}/one", username = "viewer", password = "{2}" }}
[web]
port = {web}
token = "{3}"
"""


def listeners(pid: int) -> Iterator[str]:
    """Yields the addresses, in the kernel's hexadecimal, on which a process takes connections or datagrams."""
    mine = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == state and f"socket:[{fields[9]}]" in mine:
                yield fields[1].split(":")[0]


async def test_a_talkative_agent_keeps_its_secrets_and_listens_on_this_machine_alone(
    make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker, office = make_broker(users={"mairie-3": SECRETS[0], "csu": "csu"}), Office()
    (tmp_path / "csu.pem").write_text(office.public)
    ports = {"port": broker.port, "closed": free_port(), "web": free_port()}
    (tmp_path / "agent.toml").write_text(CONFIG.format(*SECRETS, folder=tmp_path, **ports))
    log = tmp_path / "log"
    with log.open("wb") as errors:
        box = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge_agent", "run", "--config", str(tmp_path / "agent.toml")),
            stderr=errors,
            stdout=errors,
            cwd=Path(__file__).parents[1],
        )
    try:
        await until(lambda: "connected to the broker" in log.read_text(), within=50)
        tokens = [office.token(scope) for scope in ("config.show:*", "talkdown.play:street")]
        async with aiomqtt.Client(broker.host, broker.port, username="csu", password="csu") as client:  # noqa: S106
            await client.subscribe("edge/v1/mairie-3/reply/+")
            for name, token in zip(("config.show", "talkdown.play"), tokens, strict=True):
                command = {"id": name, "token": token, "arguments": {}}
                await client.publish(f"edge/v1/mairie-3/command/{name}", json.dumps(command), qos=1)
            async with asyncio.timeout(20):
                answers = [bytes((await anext(client.messages)).payload).decode() for _ in range(2)]
        await until(lambda: "street" in log.read_text())
        found = set(await asyncio.to_thread(lambda: list(listeners(box.pid))))
        assert found, "the page is there"
        assert found <= {"0100007F", "00000000000000000000000001000000"}, found
    finally:
        box.terminate()
        await box.wait()
    said = log.read_text()
    assert "DEBUG" in said
    assert any('"ok":true' in answer for answer in answers)
    for secret in (*SECRETS, *tokens, *(token.split(".")[2] for token in tokens)):
        assert secret not in said
        assert not any(secret in answer for answer in answers)
