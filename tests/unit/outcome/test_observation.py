"""What a record keeps when later versions of an object say less."""

from typing import Any

from attempts import after
from backgroundjob_operator.engine.observation import (
    AttemptRecord,
    JobRecord,
    PodRecord,
    observe_job,
    observe_pod,
)

STARTED, FINISHED = "2030-01-01T12:00:00Z", "2030-01-01T12:00:10Z"
TERMINATED = {"exitCode": 3, "reason": "Error", "startedAt": STARTED, "finishedAt": FINISHED}
STATUS_LOST = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}


def container(state: dict[str, Any], name: str = "runner", **fields: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "lastState": {}, **fields}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return container({"waiting": {"reason": reason, "message": message}})


def shown(*containers: dict[str, Any], uid: str = "p", deleted_at: str = "", **status: Any) -> dict[str, Any]:
    metadata = {"uid": uid, "name": "attempt-1", "creationTimestamp": STARTED}
    if deleted_at:
        metadata["deletionTimestamp"] = deleted_at
    return {"metadata": metadata, "spec": {}, "status": {"containerStatuses": list(containers), **status}}


def folded(*documents: dict[str, Any]) -> PodRecord:
    record = None
    for document in documents:
        record = observe_pod(record, "MODIFIED", document)
    assert record is not None
    return record


def test_a_telling_waiting_reason_survives_container_creating() -> None:
    record = folded(shown(waiting("ErrImagePull", "not found")), shown(waiting("ContainerCreating")))
    assert (record.last_waiting_reason, record.last_waiting_message) == ("ErrImagePull", "not found")


def test_unschedulable_ends_with_a_node() -> None:
    unscheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes",
    }
    record = folded(shown(conditions=[unscheduled]))
    assert record.last_waiting_reason == "Unschedulable"
    scheduled = shown(waiting("ContainerCreating")) | {"spec": {"nodeName": "node1"}}
    assert observe_pod(record, "MODIFIED", scheduled).last_waiting_reason == "ContainerCreating"


def test_the_time_at_which_it_got_its_node_is_kept() -> None:
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": FINISHED}
    record = folded(shown(conditions=[placed]), shown(waiting("ContainerCreating")))
    assert record.scheduled_time == after(10)


def test_a_real_end_is_not_given_up_for_an_unknown_one() -> None:
    record = folded(
        shown(container({"terminated": TERMINATED})), shown(container({"terminated": STATUS_LOST}))
    )
    assert record.end is not None
    assert record.end.exit_code == 3
    assert record.ended_first


def test_an_end_after_the_deletion_was_asked_for_did_not_come_first() -> None:
    record = folded(shown(container({"terminated": TERMINATED}), deleted_at="2030-01-01T12:00:30Z"))
    assert not record.ended_first
    assert record.deletion_time == after(30)


def test_a_container_that_used_to_run_did_run() -> None:
    lost = container({"terminated": STATUS_LOST}, lastState={"terminated": STATUS_LOST}, restartCount=1)
    assert folded(shown(lost, phase="Failed")).ever_running


def test_a_container_whose_start_failed_never_ran() -> None:
    failed = {
        "exitCode": 128,
        "reason": "StartError",
        "startedAt": "1970-01-01T00:00:00Z",
        "finishedAt": FINISHED,
    }
    assert not folded(shown(container({"terminated": failed}))).ever_running


def test_injected_sidecars_say_nothing_about_the_runner() -> None:
    record = folded(shown(container({"running": {}}, name="proxy"), container({"terminated": TERMINATED})))
    assert not record.is_running
    assert record.end is not None


def test_another_uid_under_the_same_name_starts_anew() -> None:
    record = folded(shown(container({"terminated": TERMINATED})), shown(uid="q"))
    assert record.end is None


def test_a_pod_missing_from_a_list_is_gone_without_a_word() -> None:
    record = folded(shown(container({"running": {}}), phase="Running")).gone(after(60))
    assert (record.is_settled, record.vanished, record.deleted_time) == (True, True, after(60))
    assert AttemptRecord(None, (record,)).may_still_run


def jobs_shown(status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    base = {"uid": "j", "name": "nightly-1", "namespace": "default", "creationTimestamp": STARTED}
    return {"metadata": {**base, **metadata}, "spec": {"activeDeadlineSeconds": 60}, "status": status}


def test_a_job_remembers_that_its_pod_was_ready_and_that_it_was_deleted() -> None:
    record: JobRecord = observe_job(
        None, "ADDED", jobs_shown({"active": 1, "ready": 1, "startTime": FINISHED})
    )
    record = observe_job(record, "DELETED", jobs_shown({"ready": 0}), seen_time=after(20))
    assert (record.ever_ready, record.ever_active, record.ready) == (True, True, 0)
    assert (record.is_deleted, record.is_gone, record.deleted_time) == (True, True, after(20))


def test_a_job_names_its_attempt_its_owner_and_when_its_backstop_ends() -> None:
    owner = {"uid": "bgj", "controller": True, "kind": "BackgroundJob"}
    labels = {"backgroundjob.dev/attempt": "4"}
    record = observe_job(None, "ADDED", jobs_shown({}, labels=labels, ownerReferences=[owner]))
    assert (record.attempt, record.owner_uid, record.backstop_time) == (4, "bgj", after(60))


def test_the_first_deciding_condition_is_the_decision_and_false_ones_do_not_count() -> None:
    conditions = [
        {"type": "Suspended", "status": "False", "lastTransitionTime": STARTED},
        {
            "type": "FailureTarget",
            "status": "True",
            "reason": "DeadlineExceeded",
            "lastTransitionTime": STARTED,
        },
        {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": FINISHED},
    ]
    record = observe_job(None, "ADDED", jobs_shown({"conditions": conditions}))
    assert record.decision is not None
    assert (record.decision.type, record.exceeded_deadline) == ("FailureTarget", True)
    assert (record.is_suspended, record.is_finished, record.is_complete) == (False, True, False)
