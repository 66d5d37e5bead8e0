import asyncio
from pathlib import Path

from edge_agent.web.layouts import Layouts


async def test_what_is_kept_at_the_same_moment_is_kept_whole(tmp_path: Path) -> None:
    layouts = Layouts(tmp_path)
    several = [{"layouts": [{"name": str(n), "cells": ["street"] * 2000}]} for n in range(20)]
    await asyncio.gather(*(layouts.keep("anne", each) for each in several))
    assert await layouts.read("anne") in several


async def test_what_is_damaged_is_as_if_nothing_was_kept(tmp_path: Path) -> None:
    (tmp_path / "anne.json").write_text("[1", "utf-8")
    assert await Layouts(tmp_path).read("anne") == {}
