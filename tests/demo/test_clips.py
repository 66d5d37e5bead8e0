from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_agent.demo import clips


@pytest.fixture(autouse=True)
def short_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APPROACH", "STAY", "EMPTY"):
        monkeypatch.setattr(clips, name, 0.4)


def measure(clip: Path) -> tuple[str, int, int, int]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.name, stream.width, stream.height, sum(1 for _ in container.decode(stream))


def test_the_entrance_shows_two_visits_and_tells_its_progress(tmp_path: Path) -> None:
    told: list[float] = []
    clips.make_entrance_clip(tmp_path / "deep" / "entrance.mp4", told.append)
    assert measure(tmp_path / "deep" / "entrance.mp4") == ("h264", 1280, 720, 2 * 30)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert list((tmp_path / "deep").glob("*.part")) == []


def test_the_mask_covers_nose_and_mouth_and_leaves_the_eyes(tmp_path: Path) -> None:
    bare = cv2.imread(str(clips.PORTRAIT), cv2.IMREAD_UNCHANGED)
    assert bare is not None
    portrait = np.asarray(bare, np.uint8)
    changed = np.any(clips._masked(portrait)[..., :3] != portrait[..., :3], axis=-1)
    nose, mouth, eyes = (223, 130), (225, 150), ((202, 101), (247, 104))
    assert all(changed[y, x] for x, y in (nose, mouth))
    assert not any(changed[y, x] for x, y in eyes)


def test_a_street_is_drawn_where_debians_clip_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "RATE", 2)
    clips.make_street_clip(tmp_path / "street.mp4", tmp_path / "none.avi", lambda _: None)
    assert measure(tmp_path / "street.mp4") == ("h264", 768, 576, 60)


def test_debians_clip_is_written_anew_as_h264(tmp_path: Path) -> None:
    source = tmp_path / "street.avi"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("mpeg4", 10, width=320, height=240, pix_fmt="yuv420p")
        for _ in range(12):
            container.mux(stream.encode(av.VideoFrame(320, 240, "yuv420p")))
        container.mux(stream.encode(None))
    clips.make_street_clip(tmp_path / "street.mp4", source, lambda _: None)
    assert measure(tmp_path / "street.mp4") == ("h264", 320, 240, 12)
