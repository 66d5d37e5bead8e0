"""Every knob of the console, read as the agent's are: one TOML file, and each key as an environment variable too."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, IPvAnyNetwork, model_validator

from edge_agent.live.settings import IceServer
from edge_agent.reading import EnvironmentFirst, parse_as, read_file
from edge_agent.settings import Section
from edge_agent.uplink.settings import MqttSettings
from edge_agent.web.settings import PageSettings, is_loopback


class TlsFiles(Section):
    """The certificate that browsers see.

    Attributes:
        certificate: PEM file, with the authorities between it and the root.
        key: PEM file of its private key.
    """

    certificate: Path
    key: Path


class ConsoleWebSettings(PageSettings):
    """Where operators open the page; passwords travel here, so never in the clear beyond this machine.

    Attributes:
        port: TCP port.
        tls: the console encrypts by itself; left out where a proxy does.
        proxies: addresses or networks of reverse proxies that encrypt; what they say of the browser's address is
            believed, which the brake on guessing needs.
    """

    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    tls: TlsFiles | None = None
    proxies: tuple[IPvAnyNetwork, ...] = ()

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach the page by HTTPS."""
        return self.tls is not None or bool(self.proxies)

    def is_proxy(self, address: str) -> bool:
        """Tells whether a request from an address was handed on by a proxy of ours."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.proxies)

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> Self:
        if not self.encrypted and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} can be reached by others, and passwords would travel in the clear; set web.tls, "
                "or web.host to 127.0.0.1 behind a proxy that encrypts, and name it in web.proxies"
            )
        return self


class RoomSettings(Section):
    """The control room itself.

    Attributes:
        name: of this console at the broker; each console needs one of its own.
        title: for people.
        key: private key that signs commands, made by ``edge-agent provision key``; its public half is in
            ``mqtt.commands.keys`` of the agents.
        state: folder for accounts, layouts, events and pictures; survives restarts.
        users: file of the accounts; ``users.json`` in the state folder where left out.
        idle: seconds after which a login ends that no open page uses.
        longest: seconds after which any login ends; an operator's shift.
        events: how many are kept.
        pictures: bytes that snapshots may take on the disk.
        keep_days: after which events and snapshots are deleted; as long as the agents keep theirs.
        log_level: how much is written to standard error.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = "console"
    title: str = ""
    key: Path = Path("/etc/edge-agent/csu.pem")
    state: Path = Path("/var/lib/edge-agent-console")
    users: Path | None = None
    idle: Annotated[float, Field(ge=60, le=86_400)] = 1800.0
    longest: Annotated[float, Field(ge=300, le=7 * 86_400)] = 12 * 3600.0
    events: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    pictures: Annotated[int, Field(ge=1_000_000)] = 1_000_000_000
    keep_days: Annotated[float, Field(gt=0, le=30)] = 7.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def users_file(self) -> Path:
        """Where the accounts are."""
        return self.users or self.state / "users.json"


class ConsoleSettings(EnvironmentFirst):
    """All settings of a console. See each section's own model for its keys.

    Attributes:
        console: the control room itself.
        mqtt: the broker; ``commands`` is for agents and means nothing here.
        web: where operators open the page.
        ice_servers: STUN and TURN servers that browsers are told, the same as in the agents' ``live.ice_servers``.
    """

    console: RoomSettings = RoomSettings()
    mqtt: MqttSettings = MqttSettings()
    web: ConsoleWebSettings = ConsoleWebSettings()
    ice_servers: tuple[IceServer, ...] = ()


def load_console_settings(path: Path | None) -> ConsoleSettings:
    """Reads the file, if there is one, and the environment.

    Raises:
        PermanentError: with one sentence a line, each with the key's path and the remedy.
    """
    return parse_as(ConsoleSettings, read_file(path) if path else {}, str(path or "the environment"))
