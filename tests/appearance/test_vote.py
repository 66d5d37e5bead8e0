from hypothesis import given
from hypothesis import strategies as st

from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.appearance.vote import Vote
from edge_agent.values.geometry import Box
from edge_agent.values.look import Look, Verdict
from edge_agent.values.time import Monotonic

FACE = Box(0.4, 0.1, 0.5, 0.2)
SCORES = {
    Verdict.MASK: (0.96, 0.03, 0.01),
    Verdict.NO_MASK: (0.03, 0.96, 0.01),
    Verdict.INCORRECT: (0.02, 0.02, 0.96),
    Verdict.UNSURE: (0.45, 0.45, 0.1),
}
SETTINGS = AppearanceSettings()


def look(at: float, seen: Verdict, quality: float = 0.6) -> Look:
    return Look(Monotonic(at), FACE, 40.0, quality, SCORES[seen])


def said(vote: Vote) -> Verdict | None:
    return vote.judgement.verdict if vote.judgement else None


def test_a_verdict_needs_several_looks() -> None:
    vote = Vote(SETTINGS)
    for at in (0.0, 0.4):
        vote.add(look(at, Verdict.NO_MASK))
        assert said(vote) is None
    vote.add(look(0.8, Verdict.NO_MASK))
    assert vote.judgement is not None
    assert vote.judgement.verdict is Verdict.NO_MASK
    assert vote.judgement.looks == 3
    assert vote.judgement.confidence > 0.9
    assert vote.judgement.face is FACE


def test_bad_looks_need_company() -> None:
    vote = Vote(SETTINGS)
    for count in range(9):
        assert said(vote) is None
        vote.add(look(0.3 * count, Verdict.MASK, quality=0.11))
    vote.add(look(3, Verdict.MASK, quality=0.11))
    assert said(vote) is Verdict.MASK


def test_looks_that_contradict_each_other_stay_silent() -> None:
    vote = Vote(SETTINGS)
    for count in range(12):
        vote.add(look(0.3 * count, Verdict.MASK if count % 2 else Verdict.NO_MASK))
    assert said(vote) is Verdict.UNSURE
    assert not vote.settled


def test_against_somebody_one_look_must_be_sure_by_itself() -> None:
    for best, verdict in ((0.9, Verdict.UNSURE), (0.96, Verdict.NO_MASK)):
        vote = Vote(SETTINGS)
        for at, score in enumerate((0.9, best, 0.9)):
            vote.add(Look(Monotonic(at), FACE, 40.0, 0.6, (1 - score, score, 0.0)))
        assert said(vote) is verdict
    lenient = Vote(SETTINGS)
    for at in range(3):
        lenient.add(Look(Monotonic(at), FACE, 40.0, 0.6, (0.7, 0.2, 0.1)))
    assert said(lenient) is Verdict.MASK


def test_one_look_that_errs_changes_nothing_but_asks_for_another() -> None:
    vote = Vote(SETTINGS)
    for at in (0.0, 0.4, 0.8, 2.8, 4.8):
        vote.add(look(at, Verdict.MASK))
    assert vote.settled
    vote.add(look(6.8, Verdict.NO_MASK))
    assert said(vote) is Verdict.MASK
    assert not vote.settled


def test_a_mask_put_on_is_noticed_within_seconds_and_the_verdict_changes_once() -> None:
    vote = Vote(SETTINGS)
    for at in (0.0, 0.4, 0.8, 2.8, 4.8, 6.8, 8.8):
        vote.add(look(at, Verdict.NO_MASK))
    heard: list[Verdict | None] = []
    for count in range(12):
        vote.add(look(10.8 + 0.35 * count, Verdict.MASK))
        heard.append(said(vote))
    assert heard[0] is Verdict.NO_MASK
    assert heard[-1] is Verdict.MASK
    changes = [now for before, now in zip([Verdict.NO_MASK, *heard], heard, strict=False) if before is not now]
    assert changes in ([Verdict.MASK], [Verdict.UNSURE, Verdict.MASK])


@given(st.lists(st.sampled_from([Verdict.MASK, Verdict.NO_MASK]), min_size=3, max_size=60))
def test_a_verdict_never_turns_into_another_in_one_look(seen: list[Verdict]) -> None:
    vote = Vote(SETTINGS)
    before = None
    for count, verdict in enumerate(seen):
        vote.add(look(0.35 * count, verdict))
        now = said(vote)
        assert (before, now) not in {(Verdict.MASK, Verdict.NO_MASK), (Verdict.NO_MASK, Verdict.MASK)}
        before = now


@given(st.lists(st.tuples(st.sampled_from(list(Verdict)), st.floats(0, 1)), max_size=60))
def test_a_judgement_holds_together_whatever_was_seen(seen: list[tuple[Verdict, float]]) -> None:
    vote = Vote(SETTINGS)
    for count, (verdict, quality) in enumerate(seen):
        vote.add(look(count, verdict, quality))
        if vote.judgement is not None:
            assert 0 <= vote.judgement.confidence <= 1 + 1e-6
            assert 3 <= vote.judgement.looks <= count + 1
