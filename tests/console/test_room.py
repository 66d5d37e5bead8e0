import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue
from typing_extensions import override

from edge_agent.console.account import Account, Action, Role
from edge_agent.console.asking import Asking
from edge_agent.console.box import Box
from edge_agent.console.room import ControlRoom
from edge_agent.console.settings import ConsoleSettings
from edge_agent.console.users import Users
from edge_agent.console.viewings import Viewing, Viewings
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.values.ids import CameraId
from edge_agent.web.door import Visitor
from edge_agent.web.layouts import Layouts
from edge_agent.web.site import Words
from tests.console.test_town import INFO, ONLINE, Room, room
from tests.live.viewer import until
from tests.web.fake_site import Clock

STREET = CameraId("box-1:street")
ANNE = Visitor("anne", None, "login")


class Answers(Asking):
    """Asks nobody: answers as a test has it, and remembers what for."""

    def __init__(self) -> None:
        super().__init__("edge/v1", Ed25519PrivateKey.generate(), Clock(), _nowhere)
        self.given: dict[str, Mapping[str, JsonValue] | AgentError] = {}
        self.asked: list[tuple[str, str]] = []
        self.silent: dict[str, asyncio.Event] = {}

    @override
    async def ask(
        self, box: Box, action: str, arguments: Mapping[str, JsonValue], actor: str, *, within: float = 8.0
    ) -> Mapping[str, JsonValue]:
        del arguments, actor, within
        self.asked.append((box.id, action))
        if box.id in self.silent:
            await self.silent[box.id].wait()
        given = self.given.get(box.id, {})
        if isinstance(given, AgentError):
            raise given
        return given


async def _nowhere(_topic: str, _payload: bytes, _response: str) -> None:
    raise AssertionError


def control_room(r: Room, folder: Path, answers: Answers) -> ControlRoom:
    users = Users(folder / "users.json")
    with users.changing() as accounts:
        accounts["anne"] = Account(role=Role.OPERATOR, password="")
    viewings = Viewings(r.town, answers, lambda _: False)
    settings, walls = ConsoleSettings(), Layouts(folder)
    return ControlRoom(
        settings, users, r.town, r.chronicle, r.album, answers, viewings, walls, r.clock, lambda: True, lambda: b""
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"session": "s1"},
        {"session": 7, "answer": "v=0"},
        {"session": "", "answer": "v=0"},
        {"session": "../../api/logout", "answer": "v=0"},
        {"session": "s1\r\nSet-Cookie: a=b", "answer": "v=0"},
        {"session": "s1", "answer": "v=0" * 65_536},
    ],
)
async def test_an_answer_that_is_none_is_refused_before_it_becomes_an_address(
    tmp_path: Path, answer: Mapping[str, JsonValue]
) -> None:
    async with room(tmp_path) as r:
        answers = Answers()
        answers.given["box-1"] = answer
        site = await asyncio.to_thread(control_room, r, tmp_path, answers)
        for opening in (site.watch, site.talk):
            with pytest.raises(PermanentError) as caught:
                await opening(STREET, "v=0", ANNE)
            assert caught.value.code == "answer_invalid"
        assert len(site.viewings) == 0


async def test_what_a_box_answers_is_read_or_refused(tmp_path: Path) -> None:
    spoken = UUID(int=7)
    async with room(tmp_path) as r:
        answers = Answers()
        site = await asyncio.to_thread(control_room, r, tmp_path, answers)
        answers.given["box-1"] = {"utterance": str(spoken), "presets": [{"token": "1", "name": "Gate"}]}
        assert await site.say(STREET, Words("mask", "", "fr"), "anne") == spoken
        assert await site.presets(STREET, "anne") == [{"token": "1", "name": "Gate"}]
        answers.given["box-1"] = {"utterance": "none", "presets": ["Gate"]}
        with pytest.raises(PermanentError, match="cannot be understood"):
            await site.say(STREET, Words("mask", "", "fr"), "anne")
        with pytest.raises(PermanentError, match="cannot be understood"):
            await site.presets(STREET, "anne")


async def test_what_cannot_be_closed_now_is_closed_later_and_holds_up_nobody(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.hear("box-2/info", INFO, kept=True)
        r.hear("box-2/status", ONLINE, kept=True)
        answers = Answers()
        viewings = Viewings(r.town, answers, lambda viewing: viewing.visitor.login == "good")
        for box in ("box-1", "box-2"):
            viewing = Viewing(box, f"{box}:street", ANNE, Action.LIVE, r.clock.monotonic())
            viewings.note(f"session at {box}", viewing)
        good = Visitor("anne", None, "good")
        viewings.note("stays", Viewing("box-1", STREET, good, Action.SPEAK, r.clock.monotonic()))
        answers.silent["box-1"] = asyncio.Event()
        answers.given["box-1"] = TransientError("it did not answer", "try again", code="timeout")
        clearing = asyncio.create_task(viewings.clear())
        await until(lambda: len(viewings) == 2)
        answers.silent.pop("box-1").set()
        await clearing
        assert sorted(answers.asked) == [("box-1", "live.close"), ("box-2", "live.close")]
        answers.given["box-1"] = {}
        await viewings.clear()
        assert len(viewings) == 1
