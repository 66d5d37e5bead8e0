"""What a camera hears of messages and of a live voice, how soon, with and without loss, beside another program.

Needs GStreamer and espeak-ng; for loss Chromium, ``unshare`` and iptables, as root. The camera is GStreamer's, on the
loopback, and asks for a password, so a first packet has a connection and four round trips behind it. Live voice comes
from a second WebRTC peer, with loss from Chromium, whose packets each bring the one before along; its delay is told
from the moment a click is said until its block is taken to be sent.

``--peer`` installs PyPI's rtsp-backchannel into a folder of its own and has it play the same file to the same camera.
``--many`` does nothing but say 500 utterances; ``--drift MINUTES``, 29.5 at most, lets three people talk for so long,
two of them by a wrong clock.
"""

import asyncio
import itertools
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.aio.clock import SystemClock
from edge_agent.live.settings import LiveSettings
from edge_agent.live.voice import Speak, Voices
from edge_agent.talkdown.announcer import Announcer
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.manners import Manners
from edge_agent.talkdown.messages import MessageSettings
from edge_agent.talkdown.performer import Performer
from edge_agent.talkdown.request import Playing, Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import resampled, to_wav
from edge_agent.talkdown.speakers import Speaker
from edge_agent.talkdown.speakers.backchannel import BackchannelSettings
from edge_agent.talkdown.voice import Voice
from edge_agent.values.event import Outcome, TalkdownReceipt
from edge_agent.values.ids import CameraId
from edge_agent.values.speech import Speech
from tests.live.mouth import FRAME, RATE, Mouth
from tests.live.test_voice import Ear
from tests.peers.browser import chromium
from tests.peers.clips import Clip
from tests.peers.rtsp_camera import Camera
from tests.talkdown.conftest import chirp, gaps, nearest, pieces
from tests.test_live_voice import TALK, microphone, site

TRIGGERS = 100
AUDIBLE = 10.0
"""Milliseconds by which a delay changes where a packet was dropped, doubled or made up; stretching takes less."""
MANY = 500
GATE = CameraId("gate")
ACCOUNT = ("--user", "admin", "--password", "secret")
LOSS = (
    "ip link set lo up && ip link add near type veth peer name far && ip address add 192.0.2.1/24 dev near && "
    "ip link set near up && ip link set far up && "  # WebRTC looks for an address that is not the loopback's
    "iptables -A INPUT -p udp -m statistic --mode random --probability 0.02 -j DROP && exec "
)


class Bench:
    """A loudspeaker's queue in front of a camera."""

    def __init__(self, camera: Camera, transport: str, folder: Path) -> None:
        self.camera = camera
        settings = TalkdownSettings(messages={"stop": MessageSettings(texts={"fr": "Stop."})}, per_hour=1000)
        self.voice = Voice(settings, SoundCache(folder / "voice"))
        self.waits: list[float] = []
        self.sounds = 0.0
        self._asked = 0.0
        self._receipts: asyncio.Queue[TalkdownReceipt] = asyncio.Queue()
        self.speaker: Speaker = BackchannelSettings.model_validate(
            {"url": camera.url, "username": "admin", "password": "secret", "transport": transport}
        ).build()
        clock = SystemClock()
        manners = Manners(settings, clock)
        performer = Performer(self.speaker, self.voice, manners, clock, changed=self._changed)
        self.announcer = Announcer(GATE, performer, told=self._receipts.put)

    def _changed(self, playing: Playing | None) -> None:
        if playing is not None:
            self.sounds = time.monotonic()
            self.waits.append((time.monotonic() - self._asked) * 1000)

    async def say(self, message: str, *languages: str) -> NDArray[np.int16]:
        """Says a message and returns its sound as a camera should hear it."""
        request = Request("bench", message=message, languages=languages)
        self._asked = time.monotonic()
        await self.announcer.say(request)
        await self.played()
        return resampled(await self.voice.speech(self.voice.script(request)), 8000).samples

    async def played(self) -> None:
        """Waits for a receipt."""
        receipt = await self._receipts.get()
        if receipt.outcome is not Outcome.PLAYED:
            raise SystemExit(f"not played: {receipt.reason}: {receipt.remedy}")


@asynccontextmanager
async def bench(transport: str, *options: str) -> AsyncIterator[Bench]:
    """Opens a camera and its queue."""
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(Path(folder), Clip(), *ACCOUNT, *options)
        made = Bench(camera, transport, Path(folder))
        await made.voice.prepare()
        running = asyncio.create_task(made.announcer.run())
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            camera.kill()


async def messages(transport: str, triggers: int) -> None:
    """Says a short message many times and a long one once."""
    async with bench(transport, "--fill") as it:
        for _ in range(triggers):
            await it.say("stop", "fr")
        before = len(it.camera.heard())
        source = await it.say("mask", "fr", "en")
        print(f"{transport}: ", end="")
        if triggers:
            p50, p95 = np.percentile(it.waits[:triggers], [50, 95])
            print(f"first packet p50 {p50:.0f} ms, p95 {p95:.0f} ms of {triggers}; ", end="")
        print(f"message {compared(it.camera.heard()[before:], source)}")


def compared(heard: NDArray[np.int16], source: NDArray[np.int16]) -> str:
    """Returns how a camera heard something, in words.

    Half second by half second, since a lost packet may shift what follows, and each counts by how loud it is.
    """
    if not (silences := gaps(heard)):
        return f"of {len(source) / 8000:.1f} s: nothing was heard"
    source = source[:-400]  # what is lost at the very end is not to be told from the camera's own end
    power = np.array([(source[at : at + 4000].astype(float) ** 2).mean() for at in range(0, len(source) - 3999, 4000)])
    found = np.array(pieces(heard, source))[:, :2]
    whole, level = np.average(found, axis=0, weights=power)
    worst = found[power > power.max() / 100, 0].min()
    silence = max(0.0, silences[0] - gaps(source)[0])
    return (
        f"of {len(source) / 8000:.1f} s: correlation {whole:.4f}, {worst:.4f} in the worst half second, "
        f"level {level:+.2f} dB, longest gap {1000 * silence:.0f} ms longer than its own"
    )


async def talks(transport: str) -> None:
    """Lets somebody talk through the camera."""
    said = chirp(5.0, RATE).samples
    async with bench(transport, "--fill") as it:
        await talked(said, 5.5, partial(it.announcer.talk, "bench"))
        await it.played()
        heard = it.camera.heard()
    print(f"{transport}: live voice {compared(heard, resampled(Speech(said, RATE), 8000).samples[800:-800])}")


async def browsed(transport: str) -> None:
    """Lets somebody talk from Chromium, whose packets each bring the one before along, through the camera."""
    said = chirp(5.0, RATE).samples
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        microphone(folder / "microphone.wav", said)
        fake = f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}"
        camera = Camera(folder, Clip(), "--fill")
        async with site(camera, folder / "voice", transport) as it, chromium(folder / "chromium", fake) as browser:
            page = await browser.new_page()
            await page.goto(it.url)
            await page.evaluate(TALK)
            await asyncio.sleep(12.0)  # the file goes round and round
            await it.voices.close(it.talk)
            await it.receipts.get()
        heard = camera.heard()[-80_000:]
        camera.kill()
    print(f"{transport}: live voice {compared(heard, resampled(Speech(said, RATE), 8000).samples[800:-800])}")


async def delays(seconds: float) -> None:
    """Tells how long a voice takes from the mouth to the moment when its block is taken to be sent."""
    clicks = np.zeros(int(seconds * RATE), np.int16)
    at = np.arange(RATE // 2, len(clicks), RATE)  # far apart, so that a late one is not taken for the next
    for start in at:
        clicks[start : start + 240] = 20_000
    ear = Ear()
    begun = await talked(clicks, seconds + 0.3, ear.speak)
    loud = [index for index, block in enumerate(ear.heard) if np.abs(block).max() > 5000]
    taken = np.array([ear.times[index] for before, index in zip([-9, *loud], loud, strict=False) if index > before + 1])
    said = begun + at / RATE
    waits = [1000 * (when - said[said < when].max()) for when in taken if (said < when).any()]
    p50, p95 = np.percentile(waits, [50, 95])
    print(f"mouth to loudspeaker p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(waits)} in {seconds:g} s")


async def drifts(minutes: float, fast: float) -> None:
    """Lets somebody talk without a pause by a clock that is wrong, and tells what each half second's delay was."""
    async with bench("tcp", "--fill") as it:
        script = it.voice.script(Request("bench", message="mask", languages=("fr", "en", "de", "es")))
        said = resampled(await it.voice.speech(script), RATE).samples
        said = said[: len(said) // FRAME * FRAME]
        begun = await talked(said, minutes * 60, partial(it.announcer.talk, "bench"), fast=fast, again=True)
        await it.played()
        heard, sounds = it.camera.heard(), it.sounds
    source, size = resampled(Speech(said, RATE), 8000).samples, 4000
    loud = np.array([(source[at : at + size].astype(float) ** 2).mean() for at in range(0, len(source) - size, size)])
    numbers, turns = np.flatnonzero(loud > loud.max() / 100), int(minutes * 60 * 8000 / len(source))
    delay, alike = np.zeros((2, turns, len(numbers)))
    for turn, (column, number) in itertools.product(range(turns), enumerate(numbers)):
        said_at = begun - sounds + (turn * len(source) + number * size) / 8000 / (1 + fast)
        first = max(0, int(said_at * 8000))
        there = nearest(heard[first : first + size + 8000], source[number * size :][:size])
        delay[turn, column] = 1000 * (first / 8000 + there.at - said_at)
        alike[turn, column] = there.correlation
    usual = np.median(alike, axis=0)
    low, high = np.percentile(delay, [5, 95])
    print(
        f"a microphone {fast * 1e6:+.0f} ppm for {minutes:g} min: delay {np.median(delay[0]):.0f} ms at first, "
        f"{np.median(delay[-1]):.0f} ms at last, {low:.0f} to {high:.0f} ms for nine tenths; "
        f"{(np.abs(np.diff(delay.ravel())) > AUDIBLE).sum()} steps of more than {AUDIBLE:g} ms; "
        f"of {alike.size} half seconds {(alike < usual - 0.05).sum()} were less like than usual, {usual.mean():.3f}"
    )


async def talked(
    said: NDArray[np.int16], seconds: float, speak: Speak, *, fast: float = 0.0, again: bool = False
) -> float:
    """Lets a WebRTC peer talk and returns when its first sample was said."""
    voices = Voices(LiveSettings(talk=1800), SystemClock(), closed=lambda _: None)
    mouth = Mouth(said, fast=fast, again=again)
    running = asyncio.create_task(voices.run())
    try:
        await asyncio.sleep(0)
        talk, answer = await voices.open(GATE, await mouth.offer(), "bench", speak)
        await mouth.accept(answer)
        await asyncio.sleep(1.0)
        await asyncio.sleep(mouth.words.begun + seconds - time.monotonic())
        await voices.close(talk)
        return mouth.words.begun
    finally:
        await mouth.aclose()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def many(count: int) -> None:
    """Says something very short very often and looks at what is left."""

    def left() -> str:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        descriptors, memory = sum(1 for _ in Path("/proc/self/fd").iterdir()), int(status["VmRSS"].split()[0]) / 1024
        return f"{len(asyncio.all_tasks())} tasks, {descriptors} descriptors, {memory:.1f} MB"

    async with bench("tcp") as it:
        word = chirp(0.04)
        for _ in range(20):
            await it.speaker.play(word, lambda: None)
        before, begun = left(), time.monotonic()
        for _ in range(count):
            await it.speaker.play(word, lambda: None)
        share = len(it.camera.heard()) / (count + 20) / 320
        print(f"{count} utterances in {time.monotonic() - begun:.0f} s: before {before}, after {left()}; ", end="")
        # Each was played: after its last packet the camera answered, on the same connection, so it had read them all.
        print(f"of what it had read the camera played {share:.2%}")


async def peer(program: Path) -> None:
    """Has both programs play one file to one camera each, and tells when the camera heard something."""
    async with bench("tcp") as it:
        request = Request("bench", message="mask", languages=("fr",))
        speech = await it.voice.speech(it.voice.script(request))
        file = it.camera.heard_file.with_name("mask.wav")
        file.write_bytes(to_wav(speech))
        source = resampled(speech, 8000).samples
        host = it.camera.url.replace("rtsp://", "rtsp://admin:secret@")
        command = [str(program), "--host", host, "--file", str(file), "--codec", "pcmu"]
        for name in ("edge-agent", "rtsp-backchannel"):
            before, begun = len(it.camera.heard()), time.monotonic()
            if name == "edge-agent":
                playing = asyncio.create_task(it.speaker.play(speech, lambda: None))
            else:
                process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
                playing = asyncio.create_task(process.wait())  # type: ignore[arg-type] # either is waited for
            while len(it.camera.heard()) == before and not playing.done():  # noqa: ASYNC110 - a file announces nothing
                await asyncio.sleep(0.002)
            first = time.monotonic() - begun
            await playing
            took = time.monotonic() - begun
            told = compared(it.camera.heard()[before:], source)
            print(f"{name}: camera hears it after {first * 1000:.0f} ms, whole after {took:.1f} s; {told}")


def installed() -> Path:
    """Installs the other program and returns its path."""
    folder = Path(tempfile.mkdtemp(prefix="talkdown-"))
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "rtsp-backchannel"], check=True)
    return folder / "bin" / "rtsp-backchannel"


async def main() -> None:
    """Measures everything, then the same with 2 % of datagrams lost in a network of its own."""
    if "--lossy" in sys.argv:
        for run, transport in itertools.product(range(3), ("udp", "udp-twice")):
            print(f"2 % of datagrams lost, run {run + 1}: ", end="")
            await messages(transport, 0)
            await browsed(transport)
        return
    if "--drift" in sys.argv:
        minutes = float(sys.argv[sys.argv.index("--drift") + 1])
        await asyncio.gather(*(drifts(minutes, wrong / 1e6) for wrong in (200, 0, -200)))
        return
    if "--many" in sys.argv:
        await many(MANY)
        return
    for transport in ("tcp", "udp"):
        await messages(transport, TRIGGERS)
        await talks(transport)
    await delays(60.0)
    await many(MANY)
    if "--peer" in sys.argv:
        await peer(await asyncio.to_thread(installed))
    else:
        print("rtsp-backchannel: not asked for, see --peer")
    command = ["unshare", "-n", "sh", "-c", f'{LOSS}"$0" "$@"', sys.executable, __file__, "--lossy"]
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        print("loss was not measured: that needs root, unshare, ip and iptables")


if __name__ == "__main__":
    asyncio.run(main())
