import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.appearance.masks import ORDER
from edge_agent.evaluate.score import BINS, Judged, by_size, calibration_error, found_share, tabulate
from edge_agent.values.look import Verdict

MASK = (0.9, 0.1, 0.0)
BARE = (0.3, 0.7, 0.0)

WEIGHTS = st.tuples(*[st.floats(0.01, 1)] * 3)
SCORES = WEIGHTS.map(lambda weights: (weights[0] / sum(weights), weights[1] / sum(weights), weights[2] / sum(weights)))
FACES = st.lists(st.builds(Judged, st.sampled_from(ORDER), st.floats(1, 300), st.none() | SCORES))


def test_recall_and_precision_are_of_the_truth_and_of_the_answers() -> None:
    said = [(Verdict.MASK, MASK), (Verdict.MASK, BARE), (Verdict.NO_MASK, BARE)]
    table = tabulate([Judged(worn, 30, scores) for worn, scores in said])
    assert table.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert table.recall == {Verdict.MASK: 0.5, Verdict.NO_MASK: 1.0, Verdict.INCORRECT: None}
    assert table.precision == {Verdict.MASK: 1.0, Verdict.NO_MASK: 0.5, Verdict.INCORRECT: None}
    assert table.unsure == 0


def test_an_unsure_answer_is_neither_right_nor_wrong() -> None:
    table = tabulate([Judged(Verdict.MASK, 30, MASK), Judged(Verdict.MASK, 30, BARE)], dict.fromkeys(ORDER, 0.8))
    assert table.counts.tolist()[0] == [1, 0, 0, 1]
    assert table.precision[Verdict.MASK] == 1
    assert table.recall[Verdict.MASK] == table.unsure == 0.5


def test_a_verdict_against_somebody_may_need_more() -> None:
    faces = [Judged(Verdict.MASK, 30, (0.7, 0.2, 0.1)), Judged(Verdict.NO_MASK, 30, BARE)]
    needed = {Verdict.MASK: 0.6, Verdict.NO_MASK: 0.9, Verdict.INCORRECT: 0.9}
    assert tabulate(faces, needed).counts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_a_face_that_was_not_found_is_not_judged() -> None:
    faces = [Judged(Verdict.MASK, 30, MASK), Judged(Verdict.MASK, 30, None)]
    assert tabulate(faces).faces == 1
    assert found_share(faces) == 0.5


def test_calibration_compares_confidence_with_being_right() -> None:
    right, wrong = Judged(Verdict.MASK, 30, MASK), Judged(Verdict.NO_MASK, 30, MASK)
    assert calibration_error([right] * 9 + [wrong]) == pytest.approx(0)
    assert calibration_error([right] * 5 + [wrong] * 5) == pytest.approx(0.4)
    assert calibration_error([]) is None


def test_the_edges_of_the_bins() -> None:
    sizes = (19.9, 20, 39.9, 40, 80, 81)
    counts = [len(faces) for faces in by_size([Judged(Verdict.MASK, size, MASK) for size in sizes]).values()]
    assert counts == [1, 2, 1, 2]


@given(FACES)
def test_no_face_is_lost_and_no_share_leaves_its_range(faces: list[Judged]) -> None:
    table = tabulate(faces, dict.fromkeys(ORDER, 0.6))
    assert table.faces == sum(face.scores is not None for face in faces)
    assert tuple(by_size(faces)) == BINS
    assert sum(map(len, by_size(faces).values())) == len(faces)
    shares = [*table.recall.values(), *table.precision.values(), calibration_error(faces), found_share(faces)]
    assert all(share is None or 0 <= share <= 1 for share in shares)
