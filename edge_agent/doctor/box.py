"""Looks at the box itself: its folder, its models, its voice and its way to the broker."""

import shutil

from edge_agent.agent import state_folder
from edge_agent.aio.threads import own_thread
from edge_agent.doctor import Finding, State
from edge_agent.errors import PermanentError
from edge_agent.inference.models import Models
from edge_agent.settings import Settings
from edge_agent.talkdown.espeak import Espeak
from edge_agent.talkdown.piper import piper_voice
from edge_agent.uplink.probe import probe

FULL = 10_000_000
"""Bytes below which a disk is as good as full: one picture with its event, and what the database needs to change."""


async def look_at_state(settings: Settings) -> Finding:
    """Makes sure that the outbox and the voices can be kept, and that there is room for all that may wait."""
    folder = await own_thread(lambda _: state_folder(settings.agent.state), name="state folder")
    free = (await own_thread(lambda _: shutil.disk_usage(folder), name="disk")).free
    wanted = settings.outbox.bytes + settings.outbox.kept.bytes
    said = f"{folder} can be written, {free / 1e6:.0f} MB are free"
    if free >= wanted:
        return Finding("state folder", State.OK, said)
    remedy = (
        f"make room for {wanted / 1e6:.0f} MB, or lower outbox.bytes: while the disk is full, events wait in memory"
        " and are lost with the power"
    )
    return Finding("state folder", State.WRONG if free < FULL else State.WARN, said, remedy)


async def look_at_models(settings: Settings) -> str:
    """Reads every model file."""
    findings = await own_thread(lambda _: Models(settings.inference).verify(), name="models")
    wrong = [finding.problem for finding in findings if finding.problem]
    if wrong:
        reason, _, remedy = wrong[0].partition(": ")
        raise PermanentError(f"{len(wrong)} of {len(findings)} are wrong, first of all: {reason}", remedy)
    return f"{len(findings)} files are as the manifest says"


async def look_at_voices(settings: Settings) -> str:
    """Asks espeak-ng for a voice for every text of the catalogue and every language of our own, and has Piper speak."""
    espeak = Espeak()
    spoken = {name for message in settings.talkdown.messages.values() for name in message.texts}
    wanted = sorted({*spoken, *settings.talkdown.languages})
    for language in wanted:
        await espeak.voice(language)
    by_piper = ""
    for language, model in settings.talkdown.voices.items():
        voice = await piper_voice(settings.talkdown.piper, model)
        await voice.speak("1, 2", settings.talkdown.speed)
        by_piper += f"; Piper speaks {language} with {voice.name}"
    return f"{espeak.version} speaks {', '.join(wanted)}{by_piper}"


async def look_at_broker(settings: Settings) -> str:
    """Connects under a name of its own, so that a running agent keeps its connection."""
    version = await probe(settings.mqtt, settings.agent.id)
    sealed = "with TLS" if settings.mqtt.tls else "without TLS"
    return f"{settings.mqtt.host}:{settings.mqtt.port} lets us in ({version}, {sealed})"
