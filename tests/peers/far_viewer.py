"""A WebRTC viewer in a process, and so in a network, of its own.

It prints its offer as one line of JSON, reads the answer as another, then prints a line for each change of the
picture's size, and for each second how many pictures it decoded. Lines on its standard input after that: ``leave``.
"""

import argparse
import asyncio
import json
import sys
import time

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError


def tell(**what: object) -> None:
    """Prints a line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Watches until it is told to leave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turn", default="")
    parser.add_argument("--username", default="")
    parser.add_argument("--credential", default="")
    args = parser.parse_args()
    servers = [RTCIceServer([args.turn], args.username, args.credential)] if args.turn else []
    connection = RTCPeerConnection(RTCConfiguration(servers))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    tell(offer=connection.localDescription.sdp)
    loop = asyncio.get_running_loop()
    answer = json.loads(await loop.run_in_executor(None, sys.stdin.readline))["answer"]
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    watching = asyncio.create_task(watch(connection))
    await loop.run_in_executor(None, sys.stdin.readline)
    watching.cancel()
    await connection.close()


async def watch(connection: RTCPeerConnection) -> None:
    """Tells of the pictures."""
    track = connection.getReceivers()[0].track
    width, pictures, second = 0, 0, int(time.monotonic())
    try:
        while True:
            picture = await track.recv()
            pictures += 1
            if picture.width != width:  # type: ignore[union-attr] # a video track gives pictures
                width = picture.width  # type: ignore[union-attr]
                tell(width=width)
            if int(time.monotonic()) != second:
                tell(pictures=pictures)
                pictures, second = 0, int(time.monotonic())
    except MediaStreamError:
        tell(ended=True)


asyncio.run(main())
