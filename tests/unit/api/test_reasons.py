"""The closed lists and their named sets."""

from enum import StrEnum

import pytest

from backgroundjob.api import reasons
from backgroundjob.api.reasons import Cause, Reason, State

LISTS = [value for value in vars(reasons).values() if isinstance(value, type) and issubclass(value, StrEnum)]


@pytest.mark.parametrize("words", [found for found in LISTS if found is not StrEnum])
def test_words_are_camel_case_and_named_after_themselves(words: type[StrEnum]) -> None:
    for word in words:
        assert word.name.replace("_", "").lower() == word.value.lower()
        assert word.value.isalpha()
        assert word.value[0].isupper()


def test_every_cause_is_charged_or_a_disruption_or_a_cancel() -> None:
    assert reasons.CHARGED_CAUSES.isdisjoint(reasons.DISRUPTION_CAUSES)
    assert set(Cause) == reasons.CHARGED_CAUSES | reasons.DISRUPTION_CAUSES | {Cause.CANCELLED}


def test_a_job_that_waits_for_the_allow_list_is_not_rejected() -> None:
    assert Reason.ALLOW_LIST_UNAVAILABLE not in reasons.TERMINAL_REASONS


def test_terminal_reasons_are_success_cancel_failures_and_rejections() -> None:
    assert len(reasons.TERMINAL_REASONS) == 2 + len(reasons.FAILURE_REASONS) + len(reasons.REJECTION_REASONS)


def test_three_terminal_states_are_unsuccessful() -> None:
    assert {State.FAILED, State.CANCELLED, State.REJECTED} == reasons.UNSUCCESSFUL_STATES
