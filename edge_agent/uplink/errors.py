"""What goes wrong between the agent and its broker: one table, each with its remedy."""

import socket
import ssl

from aiomqtt import MqttCodeError, MqttError
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import PermanentError, TransientError

Trouble = TransientError | PermanentError


class TakenOver(PermanentError):  # noqa: N818 - named as MQTT 5 names it, section 3.14.2.1
    """Somebody else connected with this agent's name."""

    code = "taken_over"


# MQTT 5, section 2.4; paho gives the same codes for what MQTT 3.1.1 says in its CONNACK (section 3.2.2.3).
_BAD_PASSWORD = 134
_DENIED = 135
_REASONS: dict[int, tuple[type[Trouble], str, str]] = {
    132: (PermanentError, "the broker does not speak this version of MQTT", "set mqtt.protocol to 3.1.1"),
    133: (PermanentError, "the broker refuses the agent's name", "allow agent.id as a client id on the broker"),
    _BAD_PASSWORD: (
        PermanentError,
        "the broker refuses user name or password",
        "correct mqtt.username and mqtt.password",
    ),
    _DENIED: (
        PermanentError,
        "the broker does not let this agent in or write there",
        "give it its topics in the broker's ACL",
    ),
    136: (TransientError, "the broker is not available", "look at the broker"),
    137: (TransientError, "the broker is busy", "look at the broker's load"),
    138: (PermanentError, "the broker has banned this agent", "lift the ban on the broker"),
    139: (TransientError, "the broker is shutting down", "wait until it is back"),
    141: (TransientError, "nothing was heard for too long", "look at the network and the broker"),
    142: (
        TakenOver,
        "another box connected with this agent's name",
        "give each box an agent.id of its own; one was probably flashed from the other's image",
    ),
    144: (PermanentError, "the broker refuses a topic", "look at the broker's ACL and at mqtt.prefix"),
    149: (
        PermanentError,
        "the broker refuses a message of this size",
        "raise its message_size_limit or max_packet_size",
    ),
    151: (TransientError, "the agent reached a quota of the broker", "raise the quota on the broker"),
    159: (TransientError, "too many agents connect at once", "wait, the agent tries again"),
}


def trouble(exc: BaseException, where: str) -> Trouble:
    """Returns what an error of the library, the system or the broker means to a person.

    Args:
        exc: as it was caught.
        where: the broker's address, for the sentence.
    """
    if isinstance(exc, PermanentError | TransientError):
        return exc
    if isinstance(exc, MqttCodeError) and isinstance(exc.rc, ReasonCode) and exc.rc.value in _REASONS:
        # "not authorised" is what many brokers, mosquitto among them, say to a wrong password.
        value = _BAD_PASSWORD if isinstance(exc, MqttConnectError) and exc.rc.value == _DENIED else exc.rc.value
        kind, reason, remedy = _REASONS[value]
        return kind(f"{where}: {reason}", remedy)
    # aiomqtt hides what it was raised from, but keeps it.
    beneath = exc.__cause__ or exc.__context__
    if isinstance(exc, MqttError) and isinstance(beneath, MqttCodeError):
        return trouble(beneath, where)
    return _network(beneath if isinstance(beneath, OSError | WebsocketConnectionError) else exc, where)


def refusal(code: ReasonCode, where: str) -> Trouble:
    """Returns what the broker's refusal of one message means to a person."""
    return trouble(MqttCodeError(code), where)


def _network(exc: BaseException, where: str) -> Trouble:  # noqa: PLR0911 - a table
    match exc:
        case WebsocketConnectionError():
            remedy = "look at mqtt.port and mqtt.websocket, or leave it out where the broker speaks plain MQTT"
            return PermanentError(f"{where}: there is no WebSocket ({exc})", remedy)
        case ssl.SSLCertVerificationError():
            remedy = "give the authority that signed its certificate in mqtt.tls.ca, and its name in mqtt.host"
            return PermanentError(f"{where}: the broker's certificate cannot be trusted ({exc.verify_message})", remedy)
        case ssl.SSLError():
            remedy = "look at mqtt.port, and whether the broker wants a certificate in mqtt.tls"
            return PermanentError(f"{where}: no encrypted connection ({getattr(exc, 'reason', '') or exc})", remedy)
        case ConnectionRefusedError():
            return TransientError(f"{where}: nobody answers at this port", "start the broker, or correct mqtt.port")
        case socket.gaierror():
            return TransientError(f"{where}: the name is not known", "correct mqtt.host, or look at the name server")
        case TimeoutError():
            return TransientError(f"{where}: no connection in time", "look at the network and its firewalls")
        case OSError():
            return TransientError(f"{where}: no connection ({exc.strerror or exc})", "look at the network")
        case MqttCodeError():  # what is not in the table says nothing to a person
            return TransientError(f"{where}: the connection was lost", "look at the network and the broker")
        case _:
            return TransientError(f"{where}: the connection was lost ({exc})", "look at the network and the broker")
