import pytest

from edge_agent.appearance.faces import Face
from edge_agent.appearance.head import Head
from edge_agent.values.geometry import Box
from tests.appearance.portrait import framed, portrait

STANDING, PORTRAIT, LYING = Box(0.4, 0.1, 0.6, 0.9), Box(0.0, 0.0, 1.0, 1.0), Box(0.0, 0.7, 1.0, 0.9)


def face(x: float, y: float, size: float) -> Face:
    half = size / 2
    return Face((x - half, y - half, x + half, y + half), 0.9, ((x, y),) * 6)


@pytest.mark.parametrize("box", [STANDING, PORTRAIT, LYING])
def test_a_head_is_within_the_upper_part_of_its_person_and_of_what_is_looked_at(box: Box) -> None:
    head = Head.of(box, framed(portrait()))
    assert box.left * 256 < head.x < box.right * 256
    assert box.top * 256 < head.y < (box.top + 0.5 * box.height) * 256
    for square in head.squares():
        assert square.left < head.x < square.left + square.side
        assert square.top < head.y < square.top + square.side


def test_a_face_fits_where_and_as_large_as_it_is_expected() -> None:
    head = Head(100, 100, 60)
    assert head.fits(face(100, 100, 22))
    assert head.fits(face(115, 90, 30))
    assert not head.fits(face(125, 100, 22))
    assert not head.fits(face(100, 130, 22))
    assert not head.fits(face(100, 100, 8))
    assert not head.fits(face(100, 100, 50))


def test_a_small_person_can_show_no_large_face() -> None:
    assert Head(100, 100, 30).may_show(20)
    assert not Head(100, 100, 25).may_show(20)
