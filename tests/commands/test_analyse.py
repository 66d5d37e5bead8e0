"""``analyse`` as it is typed, with the shipped models, on films of a public-domain portrait."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from tests.appearance.portrait import portrait
from tests.evaluate.album import write_jpeg
from tests.evaluate.clips import empty, visit, write_film
from tests.peers.clips import Clip, joined
from tests.peers.rtsp_camera import Camera


def analysed(footage: Path | str, *options: str, profile: str = "site") -> Result:
    ground = ["--profile", profile] if profile else []
    return CliRunner().invoke(main, ["analyse", str(footage), *ground, *options])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "bare.mp4", [*visit(worn=False, seconds=3), *empty(3)])


def test_a_bare_face_is_an_event_and_its_track_ends_with_the_verdict(bare: Path) -> None:
    result = analysed(bare, "--json")
    told = lines(result)
    (event,) = [line for line in told if line["type"] == "mask.verdict"]
    (track,) = [line for line in told if line["type"] == "track"]
    assert event["verdict"] == track["verdict"] == "no_mask"
    assert 0 < event["at"] < track["until"] < 4  # type: ignore[operator] # seconds
    assert track["label"] == "person"
    assert "1 no mask" in result.stderr
    assert "times real time" in result.stderr


def test_a_mask_that_is_worn_is_no_event(tmp_path: Path) -> None:
    told = lines(analysed(write_film(tmp_path / "worn.mp4", visit(worn=True, seconds=3)), "--json"))
    assert [(line["type"], line["verdict"]) for line in told] == [("track", "mask")]


def test_people_get_sentences(bare: Path) -> None:
    said = analysed(bare).stdout
    assert "mask.verdict" in said
    assert "no_mask (" in said


def test_the_film_is_drawn_as_long_as_it_was(bare: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.mp4"
    assert analysed(bare, "--draw", str(drawn)).exit_code == 0
    with av.open(str(drawn)) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        pictures = [picture.to_ndarray(format="bgr24") for picture in film.decode(video=0)]
    assert len(pictures) == 30
    red = (pictures[12][..., 2] > 200) & (pictures[12][..., 1] < 90)
    assert red.sum() > 300
    assert not ((pictures[-1][..., 2] > 200) & (pictures[-1][..., 1] < 90)).any()
    assert [path.name for path in tmp_path.iterdir()] == ["drawn.mp4"]


def test_a_photo_is_looked_at_and_drawn(tmp_path: Path) -> None:
    photo = write_jpeg(tmp_path / "photo.jpg", cv2.resize(portrait(), (512, 512), interpolation=cv2.INTER_CUBIC))
    told = lines(analysed(photo, "--json", "--draw", str(tmp_path / "drawn.png")))
    # The helmet is taken for a face; without a body it is told of as that, and never followed.
    assert [line["verdict"] for line in told if line["type"] != "face"] == ["no_mask", "no_mask"]
    drawn = cv2.imread(str(tmp_path / "drawn.png"))
    assert drawn is not None
    assert drawn.shape == (512, 512, 3)


def test_in_a_photo_a_face_is_told_of_and_drawn_whose_body_is_not_seen(tmp_path: Path) -> None:
    head = cv2.resize(portrait()[:110, 50:180], (260, 220), interpolation=cv2.INTER_CUBIC)
    photo = write_jpeg(tmp_path / "heads.jpg", np.tile(head, (1, 2, 1)))
    drawn = tmp_path / "drawn.png"
    result = analysed(photo, "--json", "--draw", str(drawn))
    told = lines(result)
    (face,) = [line for line in told if line["type"] == "face"]
    (track,) = [line for line in told if line["type"] == "track"]
    assert face["verdict"] == track["verdict"] == "no_mask"
    assert "1 more faces, of people not followed: 1 no mask" in result.stderr
    assert "a photo, looked at for" in result.stderr
    assert "real time" not in result.stderr
    picture = cv2.imread(str(drawn))
    assert picture is not None
    assert ((picture[..., 2] > 200) & (picture[..., 1] < 90)).sum() > 300
    assert lines(analysed(photo, "--json", profile="fr-public-space")) == []


def test_in_public_space_nothing_about_single_people_is_told_or_drawn(bare: Path, tmp_path: Path) -> None:
    result = analysed(bare, "--json", profile="fr-public-space")
    assert lines(result) == []
    assert "counts only" in result.stderr
    assert "no mask" not in result.stderr
    refused = analysed(bare, "--draw", str(tmp_path / "drawn.mp4"), profile="fr-public-space")
    assert refused.exit_code == 1
    assert "which the profile fr-public-space forbids" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_without_a_legal_ground_nobody_is_looked_at(bare: Path) -> None:
    result = analysed(bare, profile="")
    assert result.exit_code == 1
    assert "legal ground" in result.output


def test_a_sites_own_settings_mask_the_picture_and_choose_the_camera(bare: Path, tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    source = 'source = { kind = "file", path = "/none.mp4" }'
    config.write_text(
        f"""
        policy = {{ profile = "site" }}
        [cameras.hall]
        {source}
        rules.mask = {{ kind = "mask", mode = "alert" }}
        [cameras.dark]
        {source}
        privacy = {{ masks = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]] }}
        """
    )
    options = ("--config", str(config), "--json")
    several = analysed(bare, *options, profile="")
    assert several.exit_code == 1
    assert "--camera hall|dark" in several.output
    assert len(lines(analysed(bare, *options, "--camera", "hall", profile=""))) == 2
    dark = analysed(bare, *options, "--camera", "dark", profile="")
    assert lines(dark) == []
    assert "nobody and no vehicle was seen" in dark.stderr
    assert analysed(bare, *options, profile="site").exit_code == 1


def test_a_film_in_another_codec_is_read_too(tmp_path: Path) -> None:
    told = lines(analysed(write_film(tmp_path / "old.avi", visit(worn=False, seconds=2), codec="mpeg4"), "--json"))
    assert told[-1]["label"] == "person"


def test_nobody_is_said_in_words(tmp_path: Path) -> None:
    result = analysed(write_film(tmp_path / "empty.mp4", empty(2)))
    assert result.exit_code == 0
    assert "nobody and no vehicle was seen" in result.stderr


def test_a_picture_that_changes_its_size_is_said_and_drawn_in_the_first(tmp_path: Path) -> None:
    film = joined(Clip(seconds=1).file(), Clip(seconds=1, size=(320, 240)).file())
    drawn = tmp_path / "drawn.mp4"
    result = analysed(film, "--draw", str(drawn))
    assert result.exit_code == 0, result.output
    assert "size changes to 320x240" in result.stderr
    with av.open(str(drawn)) as container:
        assert {(picture.width, picture.height) for picture in container.decode(video=0)} == {(640, 360)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.mp4", b"", "is empty"),
        ("a.mp4", b"garbage" * 99, "is no film, or a broken one"),
        ("a.jpg", b"\xff\xd8 broken", "breaks off"),
    ],
)
def test_what_cannot_be_looked_at_is_a_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = analysed(path)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_missing_film_a_folder_and_a_wrong_address_are_sentences(tmp_path: Path) -> None:
    assert "is a folder" in analysed(tmp_path).output
    assert "https:// cannot be watched: give rtsp://" in analysed("https://user:secret@192.0.2.1/film.mp4").output
    assert "does not exist" in analysed(tmp_path / "none.mp4").output
    wrong = analysed("rtsp://user:secret@/stream")
    assert wrong.exit_code == 1
    assert "rtsp://192.0.2.10" in wrong.output
    assert "secret" not in wrong.output


def test_a_name_that_cannot_hold_the_drawing_is_refused(bare: Path, tmp_path: Path) -> None:
    result = analysed(bare, "--draw", str(tmp_path / "drawn.jpg"))
    assert result.exit_code == 1
    assert "name it with .mp4" in result.output


def test_a_camera_is_looked_at_for_a_while(camera: Callable[..., Camera]) -> None:
    result = analysed(camera().url, "--seconds", "2")
    assert result.exit_code == 0, result.output
    assert "s of footage" in result.stderr
