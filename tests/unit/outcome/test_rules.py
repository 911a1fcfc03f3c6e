"""The rules for ends without a final receipt, one by one, and what is waited for before them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attempts import after, ended, job, pending, pod, said, undecided, verdict
from backgroundjob.api.reasons import CHARGED_CAUSES, Cause, Outcome
from backgroundjob_operator.engine.observation import ContainerEnd, JobRecord, PodRecord
from backgroundjob_operator.engine.outcome import Undecided, Verdict

LOST = ContainerEnd(reason="ContainerStatusUnknown", exit_code=137)


@pytest.mark.parametrize(
    ("exit_code", "says"),
    [(3, "exit code 3 and"), (139, "139 (SIGSEGV)"), (65, "65 (the runner uses it when it cannot load")],
)
def test_an_exit_without_receipt_is_a_crash_with_its_signal_by_name(exit_code: int, says: str) -> None:
    found = verdict(job("Failed"), pod(ended(exit_code)))
    assert (found.cause, found.charged, found.exit_code) == (Cause.CRASH, True, exit_code)
    assert says in found.message


def test_only_the_death_of_the_main_process_is_out_of_memory() -> None:
    assert verdict(job("Failed"), pod(ended(137, reason="OOMKilled"))).cause is Cause.OUT_OF_MEMORY
    survived = verdict(job("Failed"), pod(ended(1, reason="OOMKilled")))
    assert survived.cause is Cause.CRASH
    assert "one of its children was killed for want of memory" in survived.message


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("EvictionByEvictionAPI", Cause.EVICTED),
        ("TerminationByKubelet", Cause.EVICTED),
        ("PreemptionByScheduler", Cause.PREEMPTED),
        ("DeletionByTaintManager", Cause.NODE_LOST),
        ("DeletionByPodGC", Cause.NODE_LOST),
        ("SomethingNew", Cause.EVICTED),
    ],
)
def test_a_disruption_names_its_cause_and_is_not_charged(reason: str, cause: Cause) -> None:
    found = verdict(job("Failed"), pod(ended(143), disruption_reason=reason, deletion_time=after(9)))
    assert (found.outcome, found.cause, found.charged) == (Outcome.DISRUPTED, cause, False)


def test_what_happens_to_a_pod_after_its_end_does_not_excuse_the_end() -> None:
    evicted = {"disruption_reason": "EvictionByEvictionAPI", "deletion_time": after(15)}
    crashed = pod(ended(3), ended_first=True, **evicted)
    assert verdict(job("Failed"), crashed).cause is Cause.CRASH


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Evicted", Cause.EVICTED),
        ("Preempting", Cause.PREEMPTED),
        ("NodeLost", Cause.NODE_LOST),
        ("Terminated", Cause.EVICTED),
    ],
)
def test_the_kubelets_own_reason_outranks_the_exit_code(reason: str, cause: Cause) -> None:
    assert verdict(job("Failed"), pod(ended(137), reason=reason)).cause is cause


def test_a_pod_that_the_kubelet_refused_never_started() -> None:
    found = verdict(job("Failed"), pending(None, phase="Failed", reason="OutOfcpu"))
    assert (found.cause, found.never_started, found.process_ended) == (Cause.NODE_REJECTED, True, True)


def test_unknown_255_is_a_lost_exit_code() -> None:
    assert verdict(job("Failed"), pod(ended(255, reason="Unknown"))).cause is Cause.UNKNOWN
    assert verdict(job("Failed"), pod(ended(255))).cause is Cause.CRASH


def test_a_command_that_does_not_exist_never_started() -> None:
    end = ended(128, reason="StartError", message="no such")
    found = verdict(job("Failed"), pending(phase="Failed", end=end))
    assert (found.cause, found.never_started) == (Cause.START_FAILED, True)
    assert found.message == (
        "it never started: StartError (no such); correct the command or the image of the runner profile"
    )


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("ImagePullBackOff", "correct the image"),
        ("CreateContainerConfigError", "create the Secret or ConfigMap"),
        ("Unschedulable", "make room"),
        ("ContainerCreating", "look at the Pod's Events"),
    ],
)
def test_a_deadline_before_the_start_is_a_failed_start_with_the_reason(reason: str, says: str) -> None:
    stuck = pending(reason, is_deleted=True, deletion_time=after(20))
    found = verdict(job("Failed", "DeadlineExceeded"), stuck)
    assert (found.cause, found.charged, found.waiting_reason) == (Cause.START_FAILED, False, reason)
    assert says in found.message


def test_a_deleted_job_whose_pod_could_not_start_is_a_failed_start() -> None:
    gone = job(is_deleted=True, deleted_time=after(20))
    stuck = pending("ImagePullBackOff", is_deleted=True, deletion_time=after(25))
    assert verdict(gone, stuck).cause is Cause.START_FAILED


def test_a_job_deleted_on_its_way_to_the_start_is_a_deleted_job() -> None:
    gone = job(is_deleted=True, deleted_time=after(5))
    found = verdict(gone, pending(is_deleted=True, deletion_time=after(10)))
    assert (found.cause, found.never_started) == (Cause.JOB_DELETED, True)


def test_a_job_removed_after_the_start_deadline_is_a_failed_start() -> None:
    gone = job(is_deleted=True, deleted_time=after(61))
    slow = pending(is_deleted=True, deletion_time=after(66))
    assert verdict(gone, slow, now=after(70), start_deadline_seconds=60).cause is Cause.START_FAILED


@pytest.mark.parametrize("came", ["creation_time", "scheduled_time"])
def test_the_start_deadline_counts_from_when_a_start_was_possible(came: str) -> None:
    gone = job(is_deleted=True, deleted_time=after(161))

    def removed_after_coming_at(seconds: int) -> Cause | None:
        times: dict[str, Any] = {came: after(seconds)}
        slow = pending(is_deleted=True, deletion_time=after(166), **times)
        return verdict(gone, slow, now=after(170), start_deadline_seconds=60).cause

    assert removed_after_coming_at(101) is Cause.START_FAILED
    assert removed_after_coming_at(102) is Cause.JOB_DELETED


def test_a_job_for_which_no_pod_could_be_created_is_a_failed_start() -> None:
    found = verdict(job("Failed", "DeadlineExceeded", ever_active=False), now=after(200))
    assert (found.cause, found.waiting_reason) == (Cause.START_FAILED, "QuotaExceeded")
    assert "quota" in found.message


def test_a_complete_job_whose_pod_was_never_seen_succeeded_without_a_result() -> None:
    complete = job("Complete", "CompletionsReached")
    assert undecided(complete).look_again_at == after(20 + 120)
    found = verdict(complete, now=after(140))
    assert (found.outcome, found.cause, found.result) == (Outcome.SUCCEEDED, None, None)
    assert "receipt not seen" in found.message


def test_an_attempt_of_which_nothing_is_left_is_unknown_and_may_still_run() -> None:
    found = verdict(None)
    assert (found.cause, found.charged, found.process_ended) == (Cause.UNKNOWN, False, False)


def test_a_job_that_failed_while_nobody_saw_its_pod_is_unknown() -> None:
    assert undecided(job("Failed")).look_again_at == after(140)
    found = verdict(job("Failed"), now=after(140))
    assert (found.cause, found.charged, found.never_started) == (Cause.UNKNOWN, False, False)


def test_a_deadline_that_stopped_code_seen_running_is_a_timeout_even_without_its_pod() -> None:
    found = verdict(job("Failed", "DeadlineExceeded", ever_ready=True), now=after(200))
    assert (found.cause, found.charged, found.process_ended) == (Cause.TIMEOUT, True, False)


def test_pod_failed_with_a_running_container_waits_for_its_node_and_is_then_lost() -> None:
    silent = pod(phase="Failed")
    assert undecided(job("Failed"), silent).look_again_at == after(20 + 300)
    found = verdict(job("Failed"), silent, now=after(320))
    assert (found.cause, found.process_ended) == (Cause.NODE_LOST, False)


def test_a_pod_that_is_stopped_on_a_silent_node_is_given_up_after_the_grace() -> None:
    silent = pod(deletion_time=after(40), disruption_reason="DeletionByTaintManager")
    waiting = undecided(job(), silent)
    assert (waiting.started, waiting.stopping, waiting.look_again_at) == (True, True, after(340))
    found = verdict(job(), silent, now=after(340))
    assert (found.cause, found.process_ended) == (Cause.NODE_LOST, False)


def test_a_lost_container_that_ran_is_unknown_and_one_that_waited_never_started() -> None:
    assert verdict(job("Failed"), pod(LOST)).cause is Cause.UNKNOWN
    waited = pending("ErrImagePull", phase="Failed", end=LOST)
    assert verdict(job("Failed"), waited).cause is Cause.START_FAILED
    unseen = pending(None, phase="Failed", end=LOST, seen_unstarted=False)
    assert verdict(job("Failed", "DeadlineExceeded"), unseen).cause is Cause.UNKNOWN


def test_an_orphaned_pod_is_waited_for_and_its_own_end_counts() -> None:
    gone = job(is_deleted=True, deleted_time=after(20))
    waiting = undecided(gone, pod())
    assert waiting.look_again_at == after(3600 + 300)
    assert "delete Pod attempt-1 to stop it" in waiting.message
    assert verdict(gone, pod(ended(3))).cause is Cause.CRASH


def test_a_job_suspended_by_somebody_is_waited_for() -> None:
    stopped = pod(ended(143), deletion_time=after(15), is_deleted=True)
    waiting = undecided(job("Suspended", "JobSuspended"), stopped, now=after(100_000))
    assert waiting.message == "somebody suspended Job nightly-1; resume it or delete it"


def test_a_job_controller_that_is_away_is_waited_for_and_no_longer_than_the_grace() -> None:
    assert undecided(job(), pod(ended(3))).look_again_at == after(310)
    assert verdict(job(), pod(ended(3)), now=after(310)).cause is Cause.CRASH


def test_two_pods_of_one_job_are_reported_and_the_newest_decides() -> None:
    first = pod(ended(143), uid="a", name="first", deletion_time=after(2), is_deleted=True)
    second = pod(ended(3), uid="b", name="second", creation_time=after(5))
    found = verdict(job("Failed"), first, second)
    assert (found.cause, found.pod_name) == (Cause.CRASH, "second")
    assert found.anomaly == "one Job had 2 Pods (first, second), so the code may have run twice"


def test_cancelling_names_any_end_without_a_receipt_cancelled() -> None:
    found = verdict(job(is_deleted=True), pod(ended(137), deletion_time=after(9)), cancel_requested=True)
    assert (found.outcome, found.cause, found.charged) == (Outcome.CANCELLED, Cause.CANCELLED, False)


def test_a_wait_for_the_start_says_what_it_waits_for() -> None:
    waiting = undecided(job(), pending("ImagePullBackOff", "Back-off pulling image"))
    assert waiting == Undecided(
        waiting_reason="ImagePullBackOff",
        message="Pod attempt-1 waits: ImagePullBackOff: Back-off pulling image",
    )
    assert undecided(job(ever_active=False)).waiting_reason == "QuotaExceeded"


_ENDS = st.none() | st.builds(
    ended, st.integers(0, 255), reason=st.sampled_from(["", "OOMKilled", "Unknown", "StartError"])
) | st.just(LOST)  # fmt: skip
_TIMES = st.none() | st.integers(0, 400).map(after)
_PODS = st.builds(
    pod,
    _ENDS,
    uid=st.sampled_from("ab"),
    phase=st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
    reason=st.sampled_from(["", "Evicted", "OutOfcpu", "Shutdown", "New"]),
    node_name=st.none() | st.just("node1"),
    creation_time=_TIMES,
    deletion_time=_TIMES,
    deleted_time=_TIMES,
    disruption_reason=st.none() | st.sampled_from(["DeletionByPodGC", "New"]),
    last_waiting_reason=st.none() | st.sampled_from(["ErrImagePull", "ContainerCreating"]),
    is_running=st.booleans(),
    ever_running=st.booleans(),
    seen_unstarted=st.booleans(),
    ended_first=st.booleans(),
    is_deleted=st.booleans(),
)
_JOBS = st.none() | st.builds(
    job,
    st.sampled_from(["", "Complete", "SuccessCriteriaMet", "Failed", "FailureTarget", "Suspended"]),
    st.sampled_from(["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"]),
    active_deadline_seconds=st.none() | st.just(60),
    deletion_time=_TIMES,
    deleted_time=_TIMES,
    is_deleted=st.booleans(),
    ever_active=st.booleans(),
    ever_ready=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(_JOBS, st.lists(_PODS, max_size=2), st.integers(0, 5000), st.booleans())
def test_whatever_a_cluster_shows_there_is_an_answer_and_it_holds_together(
    job: JobRecord | None, pods: list[PodRecord], seconds: int, cancel: bool
) -> None:
    answer = said(job, *pods, now=after(seconds), cancel_requested=cancel)
    assert answer.message
    if isinstance(answer, Verdict):
        assert answer.charged == (answer.cause in CHARGED_CAUSES) == (answer.outcome is Outcome.FAILED)
        assert not (answer.never_started and answer.charged)
    else:
        assert answer.look_again_at is None or answer.look_again_at > after(seconds)
