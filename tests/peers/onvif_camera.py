"""A camera's ONVIF services as a server of our own, written from ONVIF's published WSDL; no device was at hand.

GStreamer's ONVIF server speaks RTSP alone. The agent's client was also tried by hand against another project's virtual
camera, see docs/design/0010.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree as ET

from aiohttp import web

USER, PASSWORD = "operator", "se<cret"

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" xmlns:ter="http://www.onvif.org/ver10/error">'
    "<s:Body>{}</s:Body></s:Envelope>"
)
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{}</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">{}</s:Text></s:Reason></s:Fault>'
)
PROFILE = '<trt:Profiles token="{}" fixed="true"><tt:Name>{}</tt:Name>{}</trt:Profiles>'
PTZ = (
    '<tt:PTZConfiguration token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:NodeToken>node</tt:NodeToken></tt:PTZConfiguration>"
)
TIME = (
    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
    "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime><tt:Time><tt:Hour>3</tt:Hour><tt:Minute>4</tt:Minute>"
    "<tt:Second>5</tt:Second></tt:Time><tt:Date><tt:Year>2001</tt:Year><tt:Month>2</tt:Month><tt:Day>3</tt:Day></tt:Date>"
    "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
)


class OnvifCamera:
    """What it is, what it was asked, and how it behaves.

    Attributes:
        url: where it is.
        asked: requests that were obeyed, in order, with their figures: ``("Stop", {"PanTilt": "true"})``.
        turns: whether it has PTZ.
        silent: whether it takes requests and never answers.
        garbled: what it answers instead of SOAP, if anything.
        curt: whether it leaves out the code of a refusal.
        elsewhere: host and port that it says its services are at.
        presets: by token.
        gone: set when it is switched off.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.turns = True
        self.silent = False
        self.garbled = ""
        self.curt = False
        self.elsewhere = ""
        self.gone = asyncio.Event()
        self.presets = {"1": "gate", "2": "square & fountain"}

    async def answer(self, request: web.Request) -> web.Response:
        body = ET.fromstring(await request.text())  # noqa: S314 - our own client's
        if self.silent:
            await self.gone.wait()
        if self.garbled:
            return web.Response(text=self.garbled, content_type="text/html")
        operation = body.find("{*}Body/*")
        assert operation is not None
        name = operation.tag.partition("}")[2]
        if name != "GetSystemDateAndTime" and not _is_signed(body):
            return _soap(FAULT.format("Any" if self.curt else "NotAuthorized", "Sender not authorized"), status=400)
        return self._obey(name, operation, self.elsewhere or request.host)

    def _obey(self, name: str, operation: ET.Element, host: str) -> web.Response:  # noqa: PLR0911 - one for each request
        self.asked.append((name, _figures(operation)))
        match name:
            case "GetSystemDateAndTime":
                return _soap(TIME)
            case "GetServices":
                spaces = ["ver10/device", "ver10/media", *(["ver20/ptz"] if self.turns else [])]
                services = "".join(
                    f"<tds:Service><tds:Namespace>http://www.onvif.org/{space}/wsdl</tds:Namespace><tds:XAddr>http://{host}/onvif/"
                    f"{space[6:]}_service</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
                    for space in spaces
                )
                return _soap(f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>")
            case "GetProfiles":
                profiles = PROFILE.format("fixed", "overview", "") + PROFILE.format(
                    "dome", "dome", PTZ if self.turns else ""
                )
                return _soap(f"<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>")
            case "GetPresets":
                presets = "".join(
                    f'<tptz:Preset token="{token}"><tt:Name>{name.replace("&", "&amp;")}</tt:Name></tptz:Preset>'
                    for token, name in self.presets.items()
                )
                return _soap(f"<tptz:GetPresetsResponse>{presets}</tptz:GetPresetsResponse>")
            case "GotoPreset" if _figures(operation).get("PresetToken") not in self.presets:
                return _soap(FAULT.format("NoToken", "There is no such preset"), status=400)
            case "SetSynchronizationPoint":
                return _soap("<trt:SetSynchronizationPointResponse/>")
            case _:
                return _soap(f"<tptz:{name}Response/>")


@asynccontextmanager
async def onvif_camera(port: int = 0) -> AsyncIterator[OnvifCamera]:
    """A camera on loopback."""
    camera = OnvifCamera()
    app = web.Application()
    app.router.add_post("/onvif/{service}", camera.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        camera.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield camera
    finally:
        camera.gone.set()
        await runner.cleanup()


def _is_signed(body: ET.Element) -> bool:
    """WS-Security's user name token with a digest (OASIS WSS 1.0)."""
    token = {element.tag.partition("}")[2]: element.text or "" for element in body.iterfind("{*}Header//*")}
    if not {"Username", "Password", "Nonce", "Created"} <= token.keys():
        return False
    secret = base64.b64decode(token["Nonce"]) + token["Created"].encode() + PASSWORD.encode()
    digest = base64.b64encode(hashlib.sha1(secret).digest()).decode()  # noqa: S324 - what cameras ask for
    return token["Username"] == USER and token["Password"] == digest and token["Created"].startswith("2001-02-03")


def _figures(operation: ET.Element) -> dict[str, object]:
    """Each element's text, or its attributes."""
    return {
        element.tag.partition("}")[2]: tuple(element.attrib.values()) or element.text
        for element in operation.iterfind(".//*")
    }


def _soap(body: str, status: int = 200) -> web.Response:
    return web.Response(text=ENVELOPE.format(body), status=status, content_type="application/soap+xml")
