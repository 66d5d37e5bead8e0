"""The contract with the control room as documents: JSON Schemas, AsyncAPI 3, and a page for people."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from edge_agent.events.schemas import DIALECT, event_schema, event_types, examples, plain_schema
from edge_agent.uplink.topics import Topics
from edge_agent.uplink.wire import (
    CODES,
    COMMANDS,
    CameraStatusMessage,
    CommandMessage,
    ReplyMessage,
    SceneMessage,
    SpeechMessage,
    StatusMessage,
    ViewerMessage,
)
from edge_agent.values.event import EventData
from edge_agent.values.ids import AgentId

_MESSAGES = {
    "command": CommandMessage,
    "reply": ReplyMessage,
    "status": StatusMessage,
    "camera-status": CameraStatusMessage,
    "scene": SceneMessage,
    "speech": SpeechMessage,
    "viewer": ViewerMessage,
}
_TOPICS = Topics("edge/v1", AgentId("{agent}"))
_CAMERA = f"{_TOPICS.root}/camera/{{camera}}"
_OF_THE_AGENT = frozenset({"audit", "degradation", "gap"})
_INTRODUCTION = """# What the agent tells, version 1

Written by `edge-agent schema`; a test fails when it is stale. Machines read the JSON Schemas beside this page and
[`asyncapi.json`](asyncapi.json).

## Rules
* JSON in UTF-8.
* **Versions.** The first number is in every topic (`edge/v1`). Within it members, event types, commands, codes and
  values of an enumeration may be added, so a consumer ignores what it does not know; nothing is taken out, renamed, or
  given another type or meaning. Each addition raises the second number: the MQTT 5 user property `schema` of an event
  says which (`1.0`), beside `severity` (`statistic`, `notice`, `alarm`). Anything else is a version 2 under another
  prefix; a control room may listen to both meanwhile. Arguments of commands are stricter: an agent refuses what it does
  not know, so that nobody believes that it was done.
* An event is a [CloudEvents 1.0](https://cloudevents.io) envelope in structured JSON. It comes at least once: drop what
  has an `id` that came before. `data.sequence` counts from 1 in each run of the agent (`data.boot`) and has no holes:
  a hole that stays is a loss, and an event of type `gap` names it.
* An event of severity alarm overtakes others that wait; within one severity events come first in their order. So a hole
  may be filled later. Whoever wants to know asks `events.replay` for the range: what is `waiting` comes by itself, what
  is sent `again` was delivered once, and what is neither is gone.
* `time` is when it happened. After an outage events come late, with their own times.
* Where `data.snapshot` is true, a JPEG follows on `…/snapshot/{id}`, after its event: an alarm never waits for its
  picture.
* Boxes are `[left, top, right, bottom]` in fractions of the picture.
* A camera's retained status means something only while the agent's own status is `online`.
* A command is answered once, on `…/reply/{id}` or on the MQTT 5 response topic, which must lie under `…/reply/`. After
  a lost connection the same answer may come again. Commands are not queued for an agent that is offline, and never
  retained.

## Topics
"""


Models: TypeAlias = Mapping[str, type[BaseModel]]
"""What goes with each command, by its name."""


def documents(arguments: Models, results: Models) -> dict[str, str]:
    """Returns every document by its file name.

    Args:
        arguments: of each command.
        results: what its answer carries where it was done.
    """
    schemas = {kind.type: event_schema(kind) for kind in event_types()}
    schemas |= {name: {"$schema": DIALECT, **plain_schema(model)} for name, model in _MESSAGES.items()}
    files = {f"{name}.json": _text(schema) for name, schema in schemas.items()}
    for kind, title, models in (("command", "arguments of", arguments), ("result", "result of", results)):
        for name, model in models.items():
            schema = {"$schema": DIALECT, **plain_schema(model), "title": f"{title} {name}"}
            files[f"{kind}.{name}.json"] = _text(schema)
    files["asyncapi.json"] = _text(_asyncapi(schemas))
    files["README.md"] = _INTRODUCTION + "\n".join(_page(arguments, results)) + "\n"
    return files


def write_schemas(directory: Path, arguments: Models, results: Models) -> list[Path]:
    """Writes the documents into a folder, which is made where it is missing, and returns their paths; blocks.

    Args:
        directory: the folder.
        arguments: of each command.
        results: what its answer carries where it was done.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in documents(arguments, results).items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _topic(kind: type[EventData]) -> str:
    return f"{_TOPICS.root if kind.type in _OF_THE_AGENT else _CAMERA}/event/{kind.type}"


def _channels() -> Iterator[tuple[str, str, str, str]]:
    """Yields topic, schema, quality of service with retain, and meaning."""
    yield _TOPICS.status, "status", "1, retained, also the will", "whether the agent is there"
    yield (
        f"{_CAMERA}/status",
        "camera-status",
        "1, retained",
        "whether a camera's picture arrives, and how many watch it",
    )
    yield f"{_CAMERA}/scene", "scene", "0", "what is seen now, while somebody watches whom a command let in"
    yield f"{_CAMERA}/viewer/{{session}}", "viewer", "0", "which stream a viewer gets now whom a command let in"
    yield f"{_CAMERA}/speech", "speech", "0", "what the loudspeaker says now"
    for kind in event_types():
        yield _topic(kind), kind.type, "1", event_schema(kind)["description"].rstrip(".")
    yield _TOPICS.commands.replace("+", "{name}"), "command", "1", "a request to the agent"
    yield _TOPICS.reply("{id}"), "reply", "1", "the answer"


def _page(arguments: Models, results: Models) -> Iterator[str]:
    yield "| topic | QoS | content |"
    yield "|---|---|---|"
    for topic, schema, quality, meaning in _channels():
        yield f"| `{topic}` | {quality} | [{meaning}]({schema}.json) |"
    yield f"| `{_CAMERA}/snapshot/{{event id}}` | 1 | JPEG, privacy masks burned in, if the policy allows |"
    yield f"| `{_TOPICS.under('info')}` | 1, retained | version, policy profile, cameras |"
    yield f"| `{_TOPICS.under('health')}` | 0 | heartbeat |"
    yield "\nWhat is not about one camera comes without the `camera/{camera}` part."
    yield "\n| command | what it does | its result |"
    yield "|---|---|---|"
    for name in sorted(COMMANDS):
        if known := arguments.get(name):
            done = _linked(results[name], f"result.{name}")
            yield f"| `{name}` | {_linked(known, f'command.{name}')} | {done} |"
        else:
            yield f"| `{name}` | not yet | |"
    yield ""
    yield "| code of an answer | what it means |"
    yield "|---|---|"
    for code, meaning in CODES.items():
        yield f"| `{code}` | {meaning} |"
    yield "\nA command may add codes of its own.\n\n## Events"
    for kind, example in sorted(examples(), key=lambda each: each[0].type):
        described = event_schema(kind)
        yield f"\n### `{kind.type}`\n\n{described['description']} Severity: {kind.severity.name.lower()}.\n"
        for name, field in described["properties"]["data"]["properties"].items():
            yield f"* `{name}`: {field.get('description', '').rstrip('.')}"
        yield f"\n```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def _linked(model: type[BaseModel], name: str) -> str:
    return f"[{plain_schema(model)['description'].rstrip('.')}]({name}.json)"


def _asyncapi(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Follows AsyncAPI 3.0.0."""
    channels, operations, messages = {}, {}, {}
    for topic, name, _, meaning in _channels():
        key = name.replace(".", "-")
        kind = "application/cloudevents+json" if "/event/" in topic else "application/json"
        payload = {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{name}.json"},
        }
        messages[key] = {"name": name, "title": schemas[name]["title"], "contentType": kind, "payload": payload}
        parameters: dict[str, Any] = {part[1:-1]: {} for part in topic.split("/") if part.startswith("{")}
        channels[key] = {
            "address": topic,
            "description": meaning,
            "parameters": parameters,
            "messages": {key: {"$ref": f"#/components/messages/{key}"}},
        }
        operations[key] = {
            "action": "receive" if name == "command" else "send",
            "channel": {"$ref": f"#/channels/{key}"},
            **({"reply": {"channel": {"$ref": "#/channels/reply"}}} if name == "command" else {}),
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "edge-agent", "version": "1.0.0", "description": "What an agent tells and obeys over MQTT."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
