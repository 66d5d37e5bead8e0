import json
from pathlib import Path

import pytest

from edge_agent.errors import PermanentError
from edge_agent.evaluate.dataset import read_dataset
from edge_agent.values.look import Verdict
from tests.evaluate.album import write_listing


def test_faces_go_to_their_photos(tmp_path: Path) -> None:
    path = write_listing(
        tmp_path / "a.json",
        [{"id": 7, "file_name": "x.jpg", "width": 4}, {"id": 8, "file_name": "y.jpg"}],
        [{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "iscrowd": 0}],
    )
    said: list[str] = []
    first, second = read_dataset(path, said.append)
    assert first.path == tmp_path / "x.jpg"
    assert [(face.box, face.worn, face.size) for face in first.faces] == [((1, 2, 4, 6), Verdict.NO_MASK, 4)]
    assert second.faces == ()
    assert said == []


def test_photos_may_lie_in_the_folder_named_as_the_listing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").touch()
    listing = write_listing(
        tmp_path / "a.json",
        [{"id": 0, "file_name": "x.jpg"}],
        [{"image_id": 0, "category_id": 1, "bbox": [0, 0, 1, 1]}],
    )
    assert read_dataset(listing, print)[0].path == tmp_path / "a" / "x.jpg"


def test_entries_that_cannot_be_used_are_told_of_and_left_out(tmp_path: Path) -> None:
    box = [0, 0, 9, 9]
    path = write_listing(
        tmp_path / "a.json",
        [{"id": 0, "file_name": "x.jpg"}, {"id": 1}],
        [
            {"image_id": 0, "category_id": 1, "bbox": box},
            {"image_id": 0, "category_id": 1, "bbox": [0, 0, 0, 5]},
            {"image_id": 0, "category_id": 1, "bbox": [0, 0, "wide", 5]},
            {"image_id": 5, "category_id": 1, "bbox": box},
            {"image_id": 0, "category_id": 9, "bbox": box},
            {},
        ],
    )
    said: list[str] = []
    (photo,) = read_dataset(path, said.append)
    assert len(photo.faces) == 1
    assert len(said) == 6
    assert {"image 5", "category 9"} == {
        " ".join(sentence.split()[:2]) for sentence in said if "not listed" in sentence
    }
    assert "annotations.5.image_id: is missing; left out" in said


def test_thousands_of_the_same_mistake_are_one_sentence(tmp_path: Path) -> None:
    astray = [{"image_id": 5, "category_id": 1, "bbox": [0, 0, 9, 9]}] * 3000
    path = write_listing(
        tmp_path / "a.json", [{"id": 0, "file_name": "x.jpg"}], [{**astray[0], "image_id": 0}, *astray]
    )
    said: list[str] = []
    read_dataset(path, said.append)
    assert said == ["image 5 is not listed: its annotations, 3000 in all, are left out"]


def test_of_two_photos_with_one_number_the_second_is_told_of_and_left_out(tmp_path: Path) -> None:
    path = write_listing(
        tmp_path / "a.json",
        [{"id": 0, "file_name": "x.jpg"}, {"id": 0, "file_name": "y.jpg"}],
        [{"image_id": 0, "category_id": 1, "bbox": [0, 0, 9, 9]}],
    )
    said: list[str] = []
    assert [photo.path.name for photo in read_dataset(path, said.append)] == ["x.jpg"]
    assert len(said) == 1
    assert "y.jpg" in said[0]


def test_a_category_of_another_kind_is_told_of_once(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    names = ["mask", "helmet"]
    boxes = [{"image_id": 0, "category_id": number % 2, "bbox": [0, 0, 9, 9]} for number in range(8)]
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    path.write_text(
        json.dumps({"images": [{"id": 0, "file_name": "x.jpg"}], "annotations": boxes, "categories": categories})
    )
    said: list[str] = []
    assert len(read_dataset(path, said.append)[0].faces) == 4
    assert len(said) == 1
    assert "helmet" in said[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"images": 3}', b'{"images": [], "annotations": [], "categories": []}'],
)
def test_an_empty_or_garbled_file_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(PermanentError, match="COCO-style"):
        read_dataset(path, print)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        read_dataset(tmp_path / "none.json", print)
