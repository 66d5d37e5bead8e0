import pytest

from edge_agent.policy import Profile, policy_for


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_has_a_policy_of_its_own(profile: Profile) -> None:
    assert policy_for(profile).profile is profile


def test_the_french_street_knows_no_single_person() -> None:
    street = policy_for(Profile.FR_PUBLIC_SPACE)
    rights = (street.individual_events, street.snapshots, street.automatic_talkdown, street.microphone)
    assert rights == (False, False, False, False)
    assert street.statistics_window >= 20 * 60
    assert street.retention_days <= 30
