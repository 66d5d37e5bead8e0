"""Many viewers in a process of their own, so that what they cost is not counted as the server's."""

import asyncio
import random
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket

STUN = range(4)
"""First bytes of the packets by which a path is kept open (RFC 7983); all others are pictures, and are thrown away."""


class Crowd:
    """Viewers that come one at a time, for any server; they count what comes, report on it, and decode nothing."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs,), daemon=True)
        self._process.start()

    async def join(self, offer: str | None = None) -> str:
        """Returns the offer of one more viewer, or its answer to a server's."""
        return str(await self._ask("join", offer))

    async def accept(self, answer: str) -> None:
        """Gives the newest viewer a server's answer to its offer."""
        await self._ask("accept", answer)

    async def leave(self) -> None:
        """Closes the newest viewer."""
        await self._ask("leave")

    async def taken(self) -> tuple[int, int]:
        """Returns the bytes that came for those who offered, and for those who answered."""
        offered, answered = str(await self._ask("taken")).split()
        return int(offered), int(answered)

    async def cipher(self) -> str:
        """Returns what the newest viewer's packets are encrypted with."""
        return str(await self._ask("cipher"))

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()

    async def _ask(self, *what: object) -> object:
        self._pipe.send(what)
        answer = await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _run(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    viewers: list[_Viewer] = []
    while True:
        request, *given = await loop.run_in_executor(None, pipe.recv)
        answer: object
        try:
            if request == "join":
                viewers.append(_Viewer())
            if request == "taken":
                answer = " ".join(str(sum(one.taken for one in viewers if one.offered is who)) for who in (True, False))
            else:
                answer = await getattr(viewers[-1], request)(*given)
            if request == "leave":
                viewers.pop()
        except Exception as exc:  # noqa: BLE001 - carried over to the other process, whatever it is
            answer = exc
        pipe.send(answer)


Received = Callable[[bytes | str, tuple[Any, ...]], None]


class _Viewer:
    def __init__(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration([]))
        self._connection.on("connectionstatechange", self._go_light)
        self._tasks: list[asyncio.Task[None]] = []
        self.offered = False
        self.taken = 0

    async def join(self, offer: str | None) -> str:
        self.offered = offer is None
        if offer is None:
            self._connection.addTransceiver("video", direction="recvonly")
            await self._connection.setLocalDescription(await self._connection.createOffer())
        else:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def cipher(self) -> str:
        transport = self._connection.getReceivers()[0].transport
        while transport._ssl is None or transport.state != "connected":  # noqa: ASYNC110 - as a user would wait
            await asyncio.sleep(0.01)
        return str(transport._ssl.get_selected_srtp_profile().decode())

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._connection.close()

    def _go_light(self) -> None:
        if self._connection.connectionState != "connected" or self._tasks:
            return
        transport = self._connection.getReceivers()[0].transport
        for protocol in transport.transport._connection._protocols:
            setattr(protocol, "datagram_received", self._count(protocol.datagram_received))  # noqa: B010 - a method
        self._tasks.append(asyncio.create_task(self._report(transport)))

    async def _report(self, transport: object) -> None:
        description = self._connection.remoteDescription.sdp
        ssrc = int(description.split("a=ssrc:")[1].split()[0])
        while True:
            await asyncio.sleep(0.5 + random.random())  # noqa: S311 - as receivers do
            report = RtcpRrPacket(1, [RtcpReceiverInfo(ssrc, 0, 0, 0, 0, 0, 0)])
            await transport._send_rtp(bytes(report))  # type: ignore[attr-defined]

    def _count(self, received: Received) -> Received:
        def receive(data: bytes | str, address: tuple[Any, ...]) -> None:
            if data[0] in STUN:
                received(data, address)
            else:
                self.taken += len(data)

        return receive
