"""Many looks at one person become one verdict, which changes when newer looks say so, and does not flicker."""

from collections import deque

import numpy as np

from edge_agent.appearance.masks import ORDER
from edge_agent.appearance.settings import AppearanceSettings
from edge_agent.values.look import Judgement, Look, Verdict

REMEMBERED = 32
"""Looks; after a few half-lives an older one counts nothing."""


class Vote:
    """The looks at one track.

    Args:
        settings: when looks become a verdict.

    Attributes:
        judgement: what they say, None while there are too few.
    """

    def __init__(self, settings: AppearanceSettings) -> None:
        self.judgement: Judgement | None = None
        self._settings = settings
        self._looks: deque[Look] = deque(maxlen=REMEMBERED)

    def add(self, look: Look) -> None:
        """Counts one more look, taken later than those before."""
        self._looks.append(look)
        enough = len(self._looks) >= self._settings.min_looks and (
            sum(look.quality for look in self._looks) >= self._settings.min_quality
        )
        if self.judgement is None and not enough:
            return
        shares = self._shares(look)
        verdict = self._verdict(shares)
        confidence = max(shares.values()) if verdict is Verdict.UNSURE else shares[verdict]
        self.judgement = Judgement(verdict, confidence, len(self._looks), look.face)

    @property
    def settled(self) -> bool:
        """Whether there is a verdict and the newest look does not contradict it."""
        if self.judgement is None or self.judgement.verdict is Verdict.UNSURE:
            return False
        scores = self._looks[-1].scores
        return ORDER[scores.index(max(scores))] is self.judgement.verdict

    def _shares(self, newest: Look) -> dict[Verdict, float]:
        ages = np.array([newest.at - look.at for look in self._looks])
        weights = np.array([look.quality for look in self._looks]) * 0.5 ** (ages / self._settings.half_life)
        scores = np.array([look.scores for look in self._looks])
        # A face that is hardly seen still has looks; without the floor the worst of them would divide by nothing.
        shares = weights @ scores / max(float(weights.sum()), 1e-9)
        return dict(zip(ORDER, shares.tolist(), strict=True))

    def _verdict(self, shares: dict[Verdict, float]) -> Verdict:
        best = max(shares, key=shares.__getitem__)
        before = self.judgement.verdict if self.judgement is not None else Verdict.UNSURE
        # What was said before is first taken back, then another thing said; a single look does not do both.
        share = self._settings.share(best) if before in {best, Verdict.UNSURE} else self._settings.blame
        surest = max(look.scores[ORDER.index(best)] for look in self._looks)
        if shares[best] >= share and surest >= self._settings.score(best):
            return best
        return before if shares.get(before, 0.0) >= self._settings.keep else Verdict.UNSURE
