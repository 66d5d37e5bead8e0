"""How carefully faces are looked at, and when looks become a verdict."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.values.look import Verdict


class AppearanceSettings(BaseModel):
    """How carefully faces are looked at, and when looks become a verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    face_model: Literal["short-128", "back-256"] = Field(
        default="short-128",
        description="network that finds the face in a head region; back-256 takes six times as long and is no better",
    )
    face_score: float = Field(
        default=0.35,
        ge=0.1,
        le=0.95,
        description="how sure both networks together must be of a face, each of its part; lower finds more, also napes",
    )
    min_face: int = Field(
        default=16,
        ge=12,
        le=400,
        description="pixels of the found box's height, less than the whole face, below which it is not judged",
    )
    look_every: float = Field(
        default=0.35, gt=0, description="seconds between two looks at a person who is not judged yet"
    )
    review_every: float = Field(
        default=2.0, gt=0, description="seconds between two looks at a person who is judged, to notice a change"
    )
    looks_at_once: int = Field(
        default=3, ge=1, le=16, description="people looked at in one picture at most; the others wait for the next one"
    )
    min_looks: int = Field(default=3, ge=1, le=20, description="looks before a first verdict")
    min_quality: float = Field(
        default=1.0,
        ge=0,
        description="sum of the looks' quality, each 0 to 1, before a first verdict; less speaks sooner, also of napes",
    )
    half_life: float = Field(
        default=4.0, gt=0, description="seconds in which a look loses half its weight against the newest"
    )
    decide: float = Field(
        default=0.55, ge=0.5, le=1, description="share of the vote that makes the verdict that a mask is worn"
    )
    blame: float = Field(
        default=0.8, ge=0.5, le=1, description="share of the vote that makes a verdict against somebody"
    )
    sure: float = Field(
        default=0.95,
        ge=0.5,
        le=1,
        description="score that the best look must have for a verdict against somebody; at 0.9 one look in 40 errs",
    )
    keep: float = Field(
        default=0.5, ge=0, le=1, description="share of the vote that keeps a verdict made before, so that none flickers"
    )

    def share(self, verdict: Verdict) -> float:
        """Returns the share of the vote that makes a verdict."""
        return self.decide if verdict is Verdict.MASK else self.blame

    def score(self, verdict: Verdict) -> float:
        """Returns the score that at least one of the looks must have for a verdict; all that a single look needs."""
        return self.decide if verdict is Verdict.MASK else max(self.blame, self.sure)
