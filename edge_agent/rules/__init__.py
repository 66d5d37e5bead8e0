"""Stage 7, tracks over time to events. A kind of rule is one file here."""

from collections.abc import Sequence
from typing import Protocol

from edge_agent.aio.clock import Clock
from edge_agent.kinds import KindSettings
from edge_agent.policy import Policy
from edge_agent.values.event import EventData
from edge_agent.values.track import Scene


class Rule(Protocol):
    """Decides what is worth telling; one object per camera, called on the event loop, never blocks."""

    def step(self, scene: Scene) -> Sequence[EventData]:
        """Takes one analysed picture's scene and returns what happened, usually nothing."""
        ...

    def tick(self) -> Sequence[EventData]:
        """Called once a second whether anything is seen or not; returns what became due, usually nothing."""
        ...


class RuleSettings(KindSettings):
    """Base of a rule's settings."""

    def refusal(self, policy: Policy) -> str:
        """Returns why the policy forbids these settings, with the remedy; empty when it allows them."""
        raise NotImplementedError

    def build(self, policy: Policy, clock: Clock) -> Rule:
        """Returns a new rule for one camera."""
        raise NotImplementedError
