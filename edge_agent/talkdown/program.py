"""Voices that are programs of their own: text in, sound out, within bounds."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE

from edge_agent.errors import PermanentError, TransientError

TIMEOUT = 20.0
"""Seconds for one text; a Raspberry Pi 4 takes less than one for the longest with espeak-ng, and ten with Piper."""

MOST = 8 * 1024 * 1024
"""Bytes of sound, three minutes: longer than any message may be, so that length is judged where it is measured."""


async def spoken(program: str, *arguments: str, text: bytes = b"", install: str) -> bytes:
    """Returns what a program writes when it is given text.

    Args:
        program: its name or path.
        arguments: on its command line, where everybody reads them.
        text: goes through a pipe.
        install: how to get the program, for errors.

    Raises:
        TransientError: it took too long.
        PermanentError: it is not installed, or failed.
    """
    try:
        process = await asyncio.create_subprocess_exec(program, *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except (FileNotFoundError, PermissionError) as exc:
        raise PermanentError(f"{program} is not installed", install) from exc
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both were asked for")
    output = b""
    try:
        async with asyncio.timeout(TIMEOUT):
            process.stdin.write(text)
            process.stdin.close()
            while (part := await process.stdout.read(65536)) and len(output) <= MOST:
                output += part
            if not part:
                await process.wait()
    except TimeoutError as exc:
        raise TransientError(f"{program} did not finish within {TIMEOUT:g} s", "the box may be overloaded") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not output:
        raise PermanentError(f"{program} failed (exit code {process.returncode})", f"install it again: {install}")
    return output
