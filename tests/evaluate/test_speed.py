import pytest

from edge_agent.demo.clips import PORTRAIT
from edge_agent.evaluate import speed
from edge_agent.evaluate.pictures import read_picture
from edge_agent.evaluate.site import read_site
from edge_agent.policy import Profile


def test_every_model_and_the_whole_path_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "RUNS", 2)
    monkeypatch.setattr(speed, "thread_counts", lambda: (1,))
    settings = read_site(None, Profile.SITE)
    timings = [*speed.time_models(settings), *speed.time_sight(settings, read_picture(PORTRAIT))]
    assert "mask-mobilenetv2-96" in {timing.name for timing in timings}
    assert timings[-1].name == "one look at a person"
    assert all(timing.ms[1] > 0 for timing in timings)


def test_no_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {0, 1, 2})
    assert speed.thread_counts() == (1, 2)
