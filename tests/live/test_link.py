"""A viewer's link as its reports show it, by a clock that the test turns."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.live.link import HOLD, LONGEST_HOLD, SETTLES, Link
from edge_agent.live.reception import Reception
from edge_agent.values.time import Monotonic


class Run:
    """Reports once a second, as browsers do; remembers when the judgement changed."""

    def __init__(self) -> None:
        self.now = 0.0
        self.link = Link(Monotonic(0.0))
        self.changes: list[tuple[float, bool, str]] = []

    def reports(self, seconds: int, *, loss: float = 0.0, rtt: float | None = 0.05) -> None:
        for _ in range(seconds):
            self.now += 1.0
            if self.link.judge(Reception(Monotonic(self.now), loss, rtt), Monotonic(self.now)):
                self.changes.append((self.now, self.link.thin, self.link.reason))

    def behaves(self, seconds: int, *, carries_main: bool) -> None:
        """Loses packets while more is sent than it carries."""
        for _ in range(seconds):
            self.reports(1, loss=0.3 if not carries_main and not self.link.thin else 0.0)


def test_a_thin_link_is_told_by_what_it_loses_or_by_how_late_packets_come() -> None:
    losing, queueing = Run(), Run()
    losing.reports(10)
    losing.reports(3, loss=0.1)
    assert losing.changes == [(13.0, True, "the link is thin: 10% of its packets are lost")]
    queueing.reports(10)
    queueing.reports(3, rtt=0.75)
    assert queueing.changes == [(13.0, True, "the link is thin: packets are 0.7 s late")]


def test_much_loss_needs_no_second_report() -> None:
    run = Run()
    run.reports(10)
    run.reports(1, loss=0.5)
    assert run.link.thin


def test_one_bad_report_and_a_burst_at_the_beginning_are_nothing() -> None:
    run = Run()
    run.reports(int(SETTLES) - 1, loss=0.5)
    for _ in range(10):
        run.reports(2)
        run.reports(1, loss=0.15)
    assert run.changes == []


def test_a_far_link_is_not_a_thin_one() -> None:
    run = Run()
    run.reports(60, rtt=0.9)
    run.reports(60, rtt=None)
    assert run.changes == []


def test_a_link_that_recovers_gets_the_main_stream_back() -> None:
    run = Run()
    run.reports(10)
    run.behaves(3, carries_main=False)
    run.behaves(20, carries_main=True)
    (_, down, _), (at, up, why) = run.changes
    assert (down, up, why) == (True, False, "the link is better")
    assert at <= 11 + HOLD + 1


def test_a_link_that_stays_thin_is_tried_ever_more_rarely() -> None:
    run = Run()
    run.behaves(1200, carries_main=False)
    tries = [at for at, thin, _ in run.changes if not thin]
    waits = [later - sooner for sooner, later in itertools.pairwise(tries)]
    assert waits == sorted(waits)
    assert LONGEST_HOLD <= waits[-1] <= LONGEST_HOLD + 2 * SETTLES
    on_main = sum(down - up for up, down in zip(tries, [at for at, thin, _ in run.changes if thin][1:], strict=False))
    assert on_main / 1200 < 0.05


def test_a_link_that_was_good_for_long_is_trusted_again() -> None:
    run = Run()
    run.behaves(200, carries_main=False)
    run.behaves(300, carries_main=True)
    run.changes.clear()
    run.behaves(1, carries_main=False)
    run.behaves(20, carries_main=True)
    assert [thin for _, thin, _ in run.changes] == [True, False]


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(0, 10)), max_size=200))
def test_whatever_is_reported_it_does_not_flap(reports: list[tuple[float, float | None]]) -> None:
    run = Run()
    for loss, rtt in reports:
        run.reports(1, loss=loss, rtt=rtt)
    ups = [at for at, thin, _ in run.changes if not thin]
    assert all(later - sooner > HOLD for sooner, later in itertools.pairwise(ups))
    assert len(run.changes) <= 1 + 2 * (run.now / HOLD)


def test_an_old_report_says_nothing_new() -> None:
    link, report = Link(Monotonic(0.0)), Reception(Monotonic(5.0), 0.9)
    assert link.judge(report, Monotonic(5.0))
    assert not link.judge(report, Monotonic(50.0))
