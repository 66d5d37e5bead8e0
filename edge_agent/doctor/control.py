"""Looks at a camera's control interface: does it let us in, and can it be turned."""

from edge_agent.aio.threads import own_thread
from edge_agent.onvif.settings import OnvifSettings


async def look_at_control(settings: OnvifSettings) -> str:
    """Connects and returns what the camera can do; nothing is moved."""
    device = await own_thread(lambda _: settings.build(), name="ONVIF")
    try:
        if not await device.turns():
            return "answers ONVIF requests, cannot be turned"
        return f"answers ONVIF requests, can be turned, {len(await device.presets())} presets"
    finally:
        await device.close()
