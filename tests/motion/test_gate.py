import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from edge_agent.motion import MotionSettings
from edge_agent.motion.gate import Gate
from edge_agent.values.frame import Frame
from edge_agent.values.time import Monotonic

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "clips"
HASTY = MotionSettings(stay_awake=0.01, heartbeat=1e9)
STEP = 0.2
SIZES = [(1920, 1080), (640, 360)]

Picture = NDArray[np.float32]


class Scene:
    """A textured picture with fresh sensor noise in every frame."""

    def __init__(self, width: int, height: int, noise: float = 5.0) -> None:
        rng = np.random.default_rng(3)
        coarse = rng.integers(60, 180, (height // 40 + 1, width // 40 + 1))
        self.still = np.kron(coarse, np.ones((40, 40)))[:height, :width].astype(np.float32)
        self._noise = rng.normal(0, noise, (height + 64, width + 64)).astype(np.float32)
        self._rng = rng
        self._at = 100.0

    def frame(self, change: Callable[[Picture], Picture] = lambda picture: picture, step: float = STEP) -> Frame:
        height, width = self.still.shape
        dy, dx = self._rng.integers(0, 64, 2)
        luma = change(self.still) + self._noise[dy : dy + height, dx : dx + width]
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = luma.clip(0, 255)
        self._at += step
        return Frame(planes, 0, Monotonic(self._at))

    def frames(self, seconds: float) -> Iterator[Frame]:
        for _ in range(round(seconds / STEP)):
            yield self.frame()


def settled(scene: Scene, settings: MotionSettings = HASTY) -> Gate:
    gate = Gate(settings)
    for frame in scene.frames(8):
        gate.opens(frame)
    return gate


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("noise", [0.0, 3.0, 10.0])
def test_noise_alone_keeps_it_shut(size: tuple[int, int], noise: float) -> None:
    scene = Scene(*size, noise)
    gate = settled(scene)
    assert not any(gate.opens(frame) for frame in scene.frames(30))


def test_the_first_pictures_are_looked_at_and_their_noise_is_no_movement() -> None:
    scene = Scene(640, 360)
    gate = Gate(HASTY)
    for frame in scene.frames(1):
        assert gate.opens(frame)
        assert gate.moving is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("x", [0.1, 0.333, 0.517, 0.9])
def test_a_distant_person_who_starts_to_walk_opens_it_within_two_frames(size: tuple[int, int], x: float) -> None:
    scene = Scene(*size)
    gate = settled(scene)
    width, height = size

    def draw(picture: Picture, index: int) -> Picture:
        tall = round(0.02 * height)
        wide, left, top = round(0.4 * tall), round(x * width) + index * tall // 6, round(0.6 * height)
        drawn = picture.copy()
        drawn[top : top + tall, left : left + wide] -= 60
        return drawn

    assert any(gate.opens(scene.frame(lambda picture, index=index: draw(picture, index))) for index in range(2))  # type: ignore[misc]


def test_it_says_where_something_moves() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[90:180, 320:384] = 250
        return drawn

    assert gate.opens(scene.frame(draw))
    assert gate.moving
    assert gate.moving.left == pytest.approx(0.5, abs=0.01)
    assert gate.moving.right == pytest.approx(0.6, abs=0.01)
    assert gate.moving.top == pytest.approx(0.25, abs=0.02)
    assert gate.moving.bottom == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("light", [0.4, 1.5])
def test_a_light_switch_wakes_it_at_most_for_a_moment(light: float) -> None:
    scene = Scene(640, 360)
    gate = settled(scene)
    opened = [gate.opens(scene.frame(lambda picture: picture * light)) for _ in range(50)]
    assert not any(opened[2:])


def test_a_lamp_that_lights_a_third_of_the_picture_is_soon_background() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)

    def lit(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[:, :210] += 60
        return drawn

    opened = [gate.opens(scene.frame(lit)) for _ in range(200)]
    assert opened[0]
    assert not any(opened[100:])


def test_a_cloud_does_not_open_it() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)
    lights = [1 - 0.4 * math.sin(index / 20) ** 2 for index in range(100)]
    assert not any(gate.opens(scene.frame(lambda picture, light=light: picture * light)) for light in lights)  # type: ignore[misc]


def test_leaves_in_the_wind_raise_their_own_bar() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)
    rng = np.random.default_rng(5)

    def sway(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[40:80, 40:160] += np.kron(rng.normal(0, 15, (10, 30)), np.ones((4, 4)))
        return drawn

    opened = [gate.opens(scene.frame(sway)) for _ in range(300)]
    assert any(opened[:10])
    assert sum(opened[200:]) < 10


@pytest.mark.parametrize("step", [STEP, 0.6])
def test_where_people_pass_all_day_each_one_is_seen(step: float) -> None:
    scene = Scene(640, 360)
    gate = settled(scene)

    def visited(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[120:300, 250:330] -= 60
        return drawn

    for _ in range(40):
        stays, away = round(5 / step), round(3 / step)
        assert any(gate.opens(scene.frame(visited, step=step)) for _ in range(2))
        for _ in range(stays):
            gate.opens(scene.frame(visited, step=step))
        for _ in range(away):
            gate.opens(scene.frame(step=step))


def test_somebody_who_stood_there_for_a_minute_leaves_no_ghost() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)

    def stands(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[120:300, 250:330] -= 60
        return drawn

    stood = [gate.opens(scene.frame(stands)) for _ in range(300)]
    gone = [gate.opens(scene.frame()) for _ in range(50)]
    assert stood[0]
    assert not any(stood[100:])
    assert not any(gone[2:])
    assert any(gate.opens(scene.frame(stands)) for _ in range(2))


def test_it_looks_once_after_a_long_sleep_and_then_shuts() -> None:
    scene = Scene(640, 360)
    gate = settled(scene)
    scene.still = np.roll(scene.still, 40, axis=1)
    opened = [gate.opens(scene.frame(step=3600.0)), *(gate.opens(frame) for frame in scene.frames(4))]
    assert opened[0]
    assert not any(opened[2:])


def test_key_frames_alone_are_enough_to_notice() -> None:
    scene = Scene(640, 360)
    gate = Gate(HASTY)
    for _ in range(10):
        gate.opens(scene.frame(step=2.0))

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[200:240, 300:315] -= 50
        return drawn

    assert not gate.opens(scene.frame(step=2.0))
    assert gate.opens(scene.frame(draw, step=2.0))


def test_what_is_to_be_ignored_does_not_open_it() -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    scene = Scene(640, 360)
    gate = settled(scene, HASTY.model_copy(update={"ignore": (left_half,)}))

    def draw(picture: Picture, left: int) -> Picture:
        drawn = picture.copy()
        drawn[100:200, left : left + 50] = 250
        return drawn

    assert not gate.opens(scene.frame(lambda picture: draw(picture, 100)))
    assert gate.opens(scene.frame(lambda picture: draw(picture, 500)))


def test_it_stays_open_after_movement() -> None:
    scene = Scene(640, 360)
    gate = settled(scene, MotionSettings(stay_awake=2, heartbeat=1e9))
    gate.opens(scene.frame(lambda picture: np.roll(picture, 200, axis=0)))
    opened = [gate.opens(frame) for frame in scene.frames(6)]
    assert all(opened[:9])
    assert not any(opened[15:])


@pytest.mark.parametrize("step", [0.2, 1.0])
def test_it_looks_twice_now_and_then_though_nothing_moves(step: float) -> None:
    """A fallen person does not move, and a tracker needs two pictures."""
    scene = Scene(640, 360)
    gate = settled(scene, MotionSettings(stay_awake=0.01, heartbeat=4))
    opened = "".join("#" if gate.opens(scene.frame(step=step)) else "." for _ in range(round(30 / step)))
    looks = [len(look) for look in opened.split(".") if look]
    assert len(looks) >= 5
    assert min(looks[:-1]) >= 2
    assert max(len(sleep) for sleep in opened.split("#")) * step <= 4


def test_another_size_of_picture_starts_anew() -> None:
    gate = settled(Scene(640, 360))
    square = Scene(480, 480)
    square.frame(step=60.0)
    assert not any(gate.opens(frame) for frame in square.frames(4))


@pytest.mark.parametrize(
    "wrong",
    [{"ignore": [[(0, 0), (1, 1)]]}, {"ignore": [[(0, 0), (640, 0), (0, 360)]]}, {"stay_awake": 0}, {"rest": 1}],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MotionSettings.model_validate(wrong)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the clips are not here")
def test_people_who_come_and_go_in_a_real_room() -> None:
    """The first person's head enters at frame 60; nobody is there before, nor in frames 475 to 500 and 705 to 740.

    The camera's exposure takes a second to settle after somebody left.
    """
    gate = Gate(HASTY)
    with av.open(CLIPS / "one-by-one-person-detection.mp4") as clip:
        opened = [
            gate.opens(Frame(np.asarray(picture.to_ndarray(format="yuv420p"), np.uint8), 0, Monotonic(index / 10)))
            for index, picture in zip(range(760), clip.decode(video=0), strict=False)
        ]
    assert opened[0]
    assert not any(opened[20:60])
    assert any(opened[60:63])
    assert not any(opened[475:500])
    assert not any(opened[710:740])
    assert all(opened[505:545])
