"""The commands as they are typed, with the shipped models, on a public-domain portrait."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from tests.appearance.portrait import FACE, portrait
from tests.evaluate.album import write_album, write_jpeg, write_listing
from tests.evaluate.test_pictures import cmyk_jpeg

SHARED = Path(__file__).parents[3] / "shared" / "data" / "masks" / "val.json"


def evaluated(dataset: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", "masks", "--dataset", str(dataset), *options])


def test_given_boxes_are_judged_right_and_reported_as_json(tmp_path: Path) -> None:
    result = evaluated(write_album(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["faces"] == 4
    assert told["recall"] == told["precision"] == {"mask": 1.0, "no_mask": 1.0, "incorrect": None}
    assert told["confusion"]["labels"] == ["mask", "no_mask", "incorrect"]
    assert told["confusion"]["rows"] == [[2, 0, 0], [0, 2, 0], [0, 0, 0]]
    assert told["sure"]["confusion"]["labels"][-1] == "unsure"
    assert 0 <= told["sure"]["unsure"] <= 1
    assert 0 <= told["ece"] < 0.5
    assert [bin_["faces"] for bin_ in told["by_size"].values()] == [0, 0, 2, 2]
    assert told["ms_per_face"] > 0


def test_the_agent_finds_the_faces_by_itself(tmp_path: Path) -> None:
    result = evaluated(write_album(tmp_path), "--boxes", "detected", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["annotated"] == told["faces"] == 4
    assert told["found"] == told["by_size"][">80"]["found"] == 1
    assert told["recall"]["mask"] == told["recall"]["no_mask"] == 1


def test_tables_are_for_people(tmp_path: Path) -> None:
    said = evaluated(write_album(tmp_path)).output
    for word in ("4 faces", "recall", "precision", "pixels high", "40-80", "unsure", "calibration error", "ms a face"):
        assert word in said


def test_small_faces_are_left_out_of_all_but_the_table_by_size(tmp_path: Path) -> None:
    told = json.loads(evaluated(write_album(tmp_path), "--min-size", "60", "--json").stdout)
    assert told["faces"] == 2
    assert told["by_size"]["40-80"]["faces"] == 2


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    album = write_album(tmp_path)
    (tmp_path / "masked-256.jpg").unlink()
    (tmp_path / "bare-256.jpg").write_bytes(b"\xff\xd8 broken")
    result = evaluated(album, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["faces"] == 2
    assert "masked-256.jpg cannot be read" in result.stderr
    assert "bare-256.jpg is a JPEG that breaks off" in result.stderr


def test_faces_outside_of_their_photo_are_told_of_and_left_out(tmp_path: Path) -> None:
    photo = write_jpeg(tmp_path / "bare.jpg", portrait())
    left, top, right, bottom = FACE
    boxes = [[left, top, right - left, bottom - top], [300, 10, 40, 40], [10, -50, 40, 50]]
    annotations: list[dict[str, object]] = [{"image_id": 0, "category_id": 2, "bbox": box} for box in boxes]
    result = evaluated(write_listing(tmp_path / "a.json", [{"id": 0, "file_name": photo.name}], annotations), "--json")
    assert json.loads(result.stdout)["faces"] == 1
    assert "2 annotated faces lie outside of its 256 x 256 pixels" in result.stderr


@pytest.mark.parametrize("boxes", ["given", "detected"])
def test_pictures_of_all_kinds_are_judged_beside_each_other(tmp_path: Path, boxes: str) -> None:
    bare = portrait()
    write_jpeg(tmp_path / "dot.jpg", bare[:1, :1])
    write_jpeg(tmp_path / "huge.jpg", np.zeros((8000, 8000), np.uint8))
    write_jpeg(tmp_path / "grey.jpg", cv2.cvtColor(bare, cv2.COLOR_BGR2GRAY))
    write_jpeg(tmp_path / "crowd.jpg", np.tile(cv2.resize(bare, (128, 128)), (15, 20, 1)))
    (tmp_path / "inks.jpg").write_bytes(cmyk_jpeg(0, 0, 0, 0))
    (tmp_path / "empty.jpg").touch()
    names = ["dot", "huge", "grey", "crowd", "inks", "empty", "missing"]
    images: list[dict[str, object]] = [{"id": number, "file_name": f"{name}.jpg"} for number, name in enumerate(names)]
    left, top, right, bottom = FACE
    box = [left, top, right - left, bottom - top]
    crowd = [[x * 128 + box[0] / 2, y * 128 + box[1] / 2, box[2] / 2, box[3] / 2] for y in range(15) for x in range(20)]
    places = [(0, [0, 0, 1, 40]), (1, [4000, 4000, 60, 60]), (2, box), *((3, place) for place in crowd)]
    places += [(number, [0, 0, 40, 40]) for number in (4, 5, 6)]
    annotations: list[dict[str, object]] = [
        {"image_id": image, "category_id": 2, "bbox": place} for image, place in places
    ]
    result = evaluated(write_listing(tmp_path / "a.json", images, annotations), "--boxes", boxes, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert "empty.jpg is empty" in result.stderr
    assert "missing.jpg cannot be read" in result.stderr
    if boxes == "given":
        assert told["faces"] == len(places) - 2
    else:
        assert told["annotated"] == len(places) - 2
        assert told["faces"] > 0.95 * len(crowd)
    assert told["recall"]["no_mask"] > 0.9


@pytest.mark.parametrize("content", ["", "not json", "{}", "[]"])
def test_a_garbled_dataset_is_a_sentence_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    result = evaluated(path)
    assert result.exit_code == 1
    assert "COCO-style" in result.output
    assert "Traceback" not in result.output


def test_a_dataset_without_one_readable_photo_is_refused(tmp_path: Path) -> None:
    album = write_album(tmp_path)
    for photo in tmp_path.glob("*.jpg"):
        photo.unlink()
    result = evaluated(album)
    assert result.exit_code == 1
    assert "no face of 20 pixels and more could be judged" in result.output


def test_a_photo_where_nobody_is_found_has_no_face(tmp_path: Path) -> None:
    album = write_album(tmp_path)
    for photo in tmp_path.glob("*.jpg"):
        write_jpeg(photo, portrait() // 255)
    result = evaluated(album, "--boxes", "detected")
    assert result.exit_code == 1
    assert "--boxes given" in result.output


@pytest.mark.skipif(not SHARED.exists(), reason="the mask photos are not here")
def test_the_mask_model_keeps_what_its_card_promises() -> None:
    told = json.loads(evaluated(SHARED, "--json").stdout)
    assert told["faces"] == 545
    assert told["recall"]["mask"] > 0.95
    assert told["recall"]["no_mask"] > 0.9
