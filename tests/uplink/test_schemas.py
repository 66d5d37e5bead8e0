"""The published contract is what the code does."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_agent.arguments import ARGUMENTS
from edge_agent.errors import PermanentError, TransientError
from edge_agent.events.schemas import event_types, examples
from edge_agent.results import RESULTS
from edge_agent.uplink.schemas import documents, write_schemas
from edge_agent.uplink.wire import CODES
from edge_agent.values.ids import CameraId
from tests.conftest import _need as need
from tests.events.test_outbox import notice, statistic
from tests.peers.broker import Broker
from tests.peers.peer import missing
from tests.uplink.test_commands import PLAY, desk
from tests.uplink.town import ROOT

DOCUMENTS = documents(ARGUMENTS, RESULTS)
UPLINK = Path(__file__).parents[2] / "edge_agent" / "uplink"
PUBLISHED = Path(__file__).parents[2] / "docs" / "events"
PARSER = Path(__file__).parents[2] / ".cache" / "asyncapi.js"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_published_is_not_stale(name: str) -> None:
    assert (PUBLISHED / name).read_text(encoding="utf-8") == DOCUMENTS[name], "run: edge-agent schema docs/events"


def test_nothing_else_is_published(tmp_path: Path) -> None:
    assert {path.name for path in PUBLISHED.iterdir()} == set(DOCUMENTS)
    assert {path.name for path in write_schemas(tmp_path / "events", ARGUMENTS, RESULTS)} == set(DOCUMENTS)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith(".json") and name != "asyncapi.json"])
def test_each_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(DOCUMENTS[name]))


def asyncapi_faults(document: Path) -> list[str]:
    """What AsyncAPI's own parser finds wrong with a document, its references followed."""
    need(PARSER.exists() and not missing("node"), "needs AsyncAPI's parser: make .cache/asyncapi.js")
    parse = """
        globalThis.window = globalThis.self = globalThis;
        const { readFileSync } = require("fs"), [parser, path] = process.argv.slice(1);
        const read = { schema: "file", canRead: true, read: (uri) => readFileSync(uri.pathname(), "utf8") };
        const Parser = require(parser);
        new Parser({ __unstable: { resolver: { resolvers: [read] } } })
            .validate(readFileSync(path, "utf8"), { source: "file://" + path })
            .then((found) => console.log(JSON.stringify(found)));
    """
    command = ["node", "--eval", parse, str(PARSER), str(document)]
    told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [f"{'.'.join(found['path'])}: {found['message']}" for found in json.loads(told) if found["severity"] == 0]


def test_the_asyncapi_document_is_one() -> None:
    assert asyncapi_faults(PUBLISHED / "asyncapi.json") == []


def test_the_parser_sees_what_is_wrong(tmp_path: Path) -> None:
    document = json.loads(DOCUMENTS["asyncapi.json"])
    document["operations"]["status"]["action"] = "shout"
    document["components"]["messages"]["audit"]["payload"]["schema"]["$ref"] = "./nowhere.json"
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(json.dumps(document) if name == "asyncapi.json" else text)
    found = "\n".join(asyncapi_faults(tmp_path / "asyncapi.json"))
    assert "operations.status.action" in found
    assert "nowhere.json" in found


def test_the_asyncapi_document_refers_only_to_what_is_there() -> None:
    document = json.loads(DOCUMENTS["asyncapi.json"])

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [found for value in part.values() for found in references(value)]
        return []

    for reference in references(document):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in DOCUMENTS
            continue
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    for channel in document["channels"].values():
        assert set(channel["parameters"]) == {p[1:-1] for p in channel["address"].split("/") if p.startswith("{")}


def test_the_page_has_an_example_of_every_event() -> None:
    shown = {kind.type for kind, _ in examples()}
    assert shown == {kind.type for kind in event_types()}
    for kind in shown:
        assert f"### `{kind}`" in DOCUMENTS["README.md"]


def test_every_code_that_a_refusal_may_carry_is_explained() -> None:
    source = "".join(path.read_text() for path in (UPLINK / "commands.py", UPLINK / "tokens.py"))
    used = set(re.findall(r'code="(\w+)"', source)) | {TransientError.code, PermanentError.code}
    assert used == set(CODES)


def fits(document: object, name: str) -> None:
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(json.loads(DOCUMENTS[f"{name}.json"]), format_checker=checker).validate(document)


async def test_real_traffic_fits(broker: Broker, tmp_path: Path) -> None:
    async with desk(broker, tmp_path) as d:
        for data in (notice(), statistic()):
            await d.box.journal.tell(CameraId("street"), data)
        fits({"id": "1", "token": "t", "arguments": {}}, "command")
        fits(await d.ask("1", d.office.token(f"{PLAY}:*")), "reply")
        fits(await d.ask("2", "bad"), "reply")
        await d.csu.until(lambda: len(d.csu.events) == 2)
        for event in d.csu.events:
            fits(event, event["type"].removeprefix("edge.v1."))
        fits(d.csu.on(f"{ROOT}/status")[0], "status")
