"""The public keys that may sign commands, and that change while the agent runs."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from edge_agent.errors import PermanentError
from edge_agent.uplink.settings import CommandSettings

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey

_LOOK_EVERY = 10.0  # seconds; whoever changes a key tries it out within a minute
_LARGEST = 65_536
_MOST = 16
_ONE = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_REMEDY = "give an Ed25519 or P-256 public key in PEM: openssl genpkey -algorithm ed25519, then openssl pkey -pubout"

log = logging.getLogger(__name__)


def name_of(key: PublicKey) -> str:
    """Returns a key's name, which a token's header may give as ``kid``: half of the SHA-256 of its DER in hex."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:32]


class TrustedKeys:
    """Keys by their names; ``read`` them before the first use.

    Args:
        settings: names the keys.
    """

    def __init__(self, settings: CommandSettings) -> None:
        self._texts = settings.keys
        self._keys: dict[str, PublicKey] = {}
        self._contents: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def candidates(self, name: str | None) -> Mapping[str, PublicKey]:
        """Returns the keys that may have signed a token: the one that its header names, or all."""
        if name is None:
            return self._keys
        return {name: self._keys[name]} if name in self._keys else {}

    def read(self) -> bool:
        """Reads all keys and returns whether any file had changed; blocks.

        Raises:
            PermanentError: when one cannot be read or is of another kind; those read before stay in force.
        """
        contents = tuple(map(_content, self._texts))
        if contents == self._contents:
            return False
        found = [key for text, content in zip(self._texts, contents, strict=True) for key in _keys(text, content)]
        if len(found) > _MOST:
            raise PermanentError(f"mqtt.commands.keys: there are more than {_MOST} keys", "take the old ones out")
        self._keys = {name_of(key): key for key in found}
        self._contents = contents
        return True

    async def follow(self) -> None:
        """Reads files again when they change, for ever; what cannot be read leaves the keys as they are."""
        told = ""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                if await asyncio.to_thread(self.read):
                    log.info("the keys that may sign commands have changed: %s", ", ".join(self._keys) or "none")
                told = ""
            except PermanentError as exc:
                if told != exc.reason:
                    log.warning("the keys that may sign commands stay as they were: %s", exc)
                told = exc.reason


def _content(text: str) -> bytes:
    if text.lstrip().startswith("-----BEGIN"):
        return text.encode()
    try:
        with Path(text).open("rb") as file:
            return file.read(_LARGEST)
    except OSError as exc:
        raise PermanentError(f"mqtt.commands.keys: {text} cannot be read ({exc.strerror})", _REMEDY) from exc


def _keys(text: str, content: bytes) -> list[PublicKey]:
    named = "a key given as text" if text.lstrip().startswith("-----BEGIN") else text
    if content and not _ONE.search(content):
        raise PermanentError(f"mqtt.commands.keys: {named} holds no public key", _REMEDY)
    return [_key(named, each) for each in _ONE.findall(content)]


def _key(named: str, pem: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise PermanentError(f"mqtt.commands.keys: {named} cannot be read as a public key ({exc})", _REMEDY) from exc
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise PermanentError(f"mqtt.commands.keys: {named} is of another kind", _REMEDY)
