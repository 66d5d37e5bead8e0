"""Home Assistant's discovery over a real broker, read as Home Assistant reads it: with Jinja's templates, in short."""

import json
from pathlib import Path

from edge_agent.values.ids import CameraId
from tests.events.test_outbox import statistic
from tests.peers.broker import Broker
from tests.uplink.town import AGENT, ROOT, agent, consumer

STREET = CameraId("street")


async def test_what_home_assistant_is_told_leads_to_what_is_published(broker: Broker, tmp_path: Path) -> None:
    async with (
        consumer(broker, "assistant", topic="homeassistant/#") as assistant,
        consumer(broker) as csu,
        agent(broker, tmp_path, home_assistant="homeassistant") as box,
    ):
        box.uplink.introduce("Market square", {STREET: "Street"})
        box.uplink.retain("camera/street/status", {"state": "online"})
        await box.journal.tell(STREET, statistic())
        await assistant.until(lambda: len(assistant.messages) == 4)
        await csu.until(lambda: f"{ROOT}/camera/street/status" in csu.latest and len(csu.events) == 1)
        assert all(message.topic.value.split("/")[2] == AGENT for message in assistant.messages)
        told = [json.loads(payload) for payload in assistant.latest.values()]
        assert len({each["unique_id"] for each in told}) == 4
        for each in told:
            published = json.loads(csu.latest[each["state_topic"]])
            value = each["value_template"]
            if each.get("device_class") == "connectivity":
                assert published["state"] == "online"
            else:
                _, data, count = value.strip("{} ").split(".")
                assert isinstance(published[data][count], int)
            assert each["availability"][0]["topic"] in csu.latest


async def test_nothing_is_told_there_by_default(broker: Broker, tmp_path: Path) -> None:
    async with consumer(broker, topic="#") as csu, agent(broker, tmp_path) as box:
        box.uplink.introduce("Market square", {STREET: "Street"})
        await box.journal.tell(STREET, statistic())
        await csu.until(lambda: len(csu.events) == 1)
        assert all(topic.startswith(ROOT) for topic in csu.latest)
