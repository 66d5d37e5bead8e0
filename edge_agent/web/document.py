"""The page's document, and the content policy under which a browser runs it."""

import base64
import hashlib
import re
from pathlib import Path

PAGE = Path(__file__).parent / "page"

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
"""What a browser may load for anything that is served here."""

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def read_document(language: str) -> tuple[str, str]:
    """Returns the document in a language and its own policy, which allows its one inline script; blocks."""
    document = (PAGE / "index.html").read_text("utf-8").replace('<html lang="fr">', f'<html lang="{language}">')
    [inline] = _INLINE.findall(document)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    return document, f"{POLICY}; script-src 'self' 'sha256-{digest}'"
