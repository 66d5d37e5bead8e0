"""Policy as code: what a site may detect, keep, show and say; no setting goes beyond its profile."""

from dataclasses import dataclass
from enum import StrEnum


class Profile(StrEnum):
    """Legal ground of a site; whoever installs it must choose."""

    FR_PUBLIC_SPACE = "fr-public-space"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a profile allows. In every profile: no face recognition, no embedding, no re-identification.

    Attributes:
        profile: which one.
        individual_events: whether an event may be about one person.
        snapshots: whether a picture may go with an event.
        automatic_talkdown: whether a rule may speak by itself.
        microphone: whether a camera's own microphone may be heard.
        statistics_window: seconds that anonymous counts are gathered for at the least.
        retention_days: days that recordings are kept at the most.
    """

    profile: Profile
    individual_events: bool
    snapshots: bool
    automatic_talkdown: bool
    microphone: bool
    statistics_window: int
    retention_days: int


_POLICIES = {
    # Mask compliance in the French street only as anonymous counts over 20 minutes and more, Decree 2021-269 of
    # 10 March 2021; recordings at most a month, Code de la securite interieure, article L252-5.
    Profile.FR_PUBLIC_SPACE: Policy(
        profile=Profile.FR_PUBLIC_SPACE,
        individual_events=False,
        snapshots=False,
        automatic_talkdown=False,
        microphone=False,
        statistics_window=20 * 60,
        retention_days=30,
    ),
    # A place whose operator has a legal ground of its own: shorter windows still hide single people.
    Profile.SITE: Policy(
        profile=Profile.SITE,
        individual_events=True,
        snapshots=True,
        automatic_talkdown=True,
        microphone=True,
        statistics_window=60,
        retention_days=30,
    ),
}


def policy_for(profile: Profile) -> Policy:
    """Returns what a profile allows."""
    return _POLICIES[profile]
