"""What a data set's verdicts come to, as one JSON object and as tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.appearance.masks import ORDER
from edge_agent.errors import PermanentError
from edge_agent.evaluate.masks import Verdicts
from edge_agent.evaluate.score import Judged, Table, by_size, calibration_error, found_share, tabulate
from edge_agent.values.look import Verdict

Shares = Mapping[Verdict, float | None]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one data set.

    Attributes:
        faces: annotated faces that are large enough, found or not.
        forced: what was said of those found, a choice forced.
        sure: the same where nothing is said below what is ``needed``.
        ece: calibration error of those found.
        sizes: all annotated faces, small ones too, by their size.
        needed: score of each verdict below which nothing is said.
        ms: milliseconds a face.
        detected: whether faces were found by the agent.
    """

    faces: Sequence[Judged]
    forced: Table
    sure: Table
    ece: float | None
    sizes: Mapping[str, Sequence[Judged]]
    needed: Mapping[Verdict, float]
    ms: float
    detected: bool

    def json(self) -> dict[str, object]:
        """Returns everything as JSON types; a share of nothing is null."""
        sizes = {name: self._bin(faces) for name, faces in self.sizes.items()}
        return {
            "faces": self.forced.faces,
            **_shares(self.forced),
            "sure": {**_shares(self.sure), "unsure": _round(self.sure.unsure), "needed": dict(self.needed)},
            "ece": _round(self.ece),
            "by_size": sizes,
            "ms_per_face": round(self.ms, 3),
            **({"annotated": len(self.faces), "found": _round(found_share(self.faces))} if self.detected else {}),
        }

    def lines(self) -> Iterator[str]:
        """Yields tables for people."""
        yield f"{self.forced.faces} faces" + (f" found of {len(self.faces)}" if self.detected else "")
        yield ""
        yield from _confusion(self.sure)
        yield ""
        yield f"{'forced choice':22}" + "".join(f"{worn:>12}" for worn in ORDER)
        yield from (
            f"{name:22}" + "".join(f"{_percent(shares[worn]):>12}" for worn in ORDER)
            for name, shares in (
                ("recall", self.forced.recall),
                ("precision", self.forced.precision),
                ("precision when sure", self.sure.precision),
            )
        )
        yield ""
        found = f"{'found':>9}" if self.detected else ""
        yield f"{'pixels high':14}{'faces':>7}{found}" + "".join(f"{worn:>12}" for worn in ORDER) + f"{'unsure':>9}"
        for name, faces in self.sizes.items():
            forced, sure = tabulate(faces), tabulate(faces, self.needed)
            found = f"{_percent(found_share(faces)):>9}" if self.detected else ""
            recalls = "".join(f"{_percent(forced.recall[worn]):>12}" for worn in ORDER)
            yield f"{name:14}{len(faces):7}{found}{recalls}{_percent(sure.unsure):>9}"
        yield ""
        yield f"unsure {_percent(self.sure.unsure)}, calibration error {_percent(self.ece)}, {self.ms:.2f} ms a face"

    def _bin(self, faces: Sequence[Judged]) -> dict[str, object]:
        forced, sure = tabulate(faces), tabulate(faces, self.needed)
        return {
            "faces": forced.faces,
            "recall": _rounded(forced.recall),
            "precision": _rounded(forced.precision),
            "unsure": _round(sure.unsure),
            **({"annotated": len(faces), "found": _round(found_share(faces))} if self.detected else {}),
        }


def report(verdicts: Verdicts, *, min_size: float, needed: Mapping[Verdict, float], detected: bool) -> Report:
    """Returns the figures.

    Args:
        verdicts: on all faces.
        min_size: pixels of a face's height from which it counts, but for the table by size, which shows all.
        needed: score of each verdict below which nothing is said.
        detected: whether faces were found by the agent.

    Raises:
        PermanentError: there is no face to report on.
    """
    faces = [face for face in verdicts.faces if face.size >= min_size]
    judged = sum(face.scores is not None for face in verdicts.faces)
    if not faces or not judged:
        remedy = "lower --min-size, or mend what was said above" if not faces else "try --boxes given"
        raise PermanentError(f"no face of {min_size:g} pixels and more could be judged", remedy)
    return Report(
        faces=faces,
        forced=tabulate(faces),
        sure=tabulate(faces, needed),
        ece=calibration_error(faces),
        sizes=by_size(verdicts.faces),
        needed=needed,
        ms=1000 * verdicts.seconds / judged,
        detected=detected,
    )


def _shares(table: Table) -> dict[str, object]:
    return {
        "recall": _rounded(table.recall),
        "precision": _rounded(table.precision),
        "confusion": {"labels": [answer.value for answer in table.answers], "rows": table.counts.tolist()},
    }


def _confusion(table: Table) -> Iterator[str]:
    yield f"{'truth, and what is said':26}" + "".join(f"{answer:>12}" for answer in table.answers)
    for worn, row in zip(ORDER, table.counts.tolist(), strict=True):
        yield f"{f'{worn} ({sum(row)})':26}" + "".join(f"{count:12}" for count in row)


def _rounded(shares: Shares) -> dict[str, float | None]:
    return {worn.value: _round(share) for worn, share in shares.items()}


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
