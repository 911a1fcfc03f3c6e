"""SEC-18: whatever is stored in one object, the operator goes on and the others make progress."""

import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backgroundjob.api import labels
from backgroundjob_operator.engine.actions import CreateJob, ObjectKey
from backgroundjob_operator.engine.planner import Planner
from backgroundjob_operator.engine.store import EventType, Store
from model_cluster import NOON
from world import EMAIL
from world import settings as world_settings

BATCH = 5
TIME = "2026-01-01T11:00:00Z"

words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["0", "-1", "99999999999999999999", "¹", "٣", "True", "Failed", "Complete", "Running", "OOMKilled"]
    ),
    st.sampled_from(["", "[" * 2000, '{"protocol":1}', "\x00", "\ufffd", "a\nb"]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)
# What Kubernetes lets a label hold; anybody who may edit a pod chooses it.
label_values = st.one_of(
    st.sampled_from(["", "uid-0", "uid-1", "1", "2", "007", "9" * 63, "1.5", "x"]),
    st.text(string.ascii_letters + string.digits, max_size=12),
)
label_maps = st.dictionaries(
    st.sampled_from([labels.UID_LABEL, labels.NAME_LABEL, labels.ATTEMPT_LABEL, "app"]), label_values
)
owners = st.lists(
    st.fixed_dictionaries(
        {
            "apiVersion": st.sampled_from(["batch/v1", labels.API_VERSION]),
            "kind": st.sampled_from([labels.KIND, "Job", "Pod"]),
            "name": words,
            "uid": st.sampled_from(["uid-0", "uid-1", "job-0", "job-1", "other"]),
        },
        optional={"controller": st.booleans()},
    ),
    max_size=2,
)
times = st.sampled_from([TIME, "2026-01-01T13:00:00Z", "2026-01-01T11:00:00.123456Z"])


def some(required: dict[str, Any], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


numbers = st.integers(0, 2**31 - 1)
condition = some(
    {"type": words, "status": st.sampled_from(["True", "False", "Unknown"])},
    reason=words,
    message=words,
    lastTransitionTime=times,
)
terminated = some(
    {"exitCode": st.integers(-1, 300)},
    reason=words,
    message=words,
    startedAt=times,
    finishedAt=times,
    signal=numbers,
)
container = some(
    {"name": st.sampled_from(["runner", "sidecar"])},
    state=some({}, terminated=terminated, running=some({}, startedAt=times), waiting=some({}, reason=words)),
    lastState=some({}, terminated=terminated),
    restartCount=numbers,
)
pod_status = some(
    {},
    phase=words,
    reason=words,
    message=words,
    conditions=st.lists(condition, max_size=2),
    containerStatuses=st.lists(container, max_size=2),
    startTime=times,
)
job_status = some(
    {},
    conditions=st.lists(condition, max_size=2),
    active=numbers,
    ready=numbers,
    failed=numbers,
    succeeded=numbers,
    startTime=times,
    uncountedTerminatedPods=some({}, failed=st.lists(words, max_size=1)),
)
attempt = some(
    {"number": st.integers(1, 2**31 - 1), "jobName": words},
    startTime=times,
    finishTime=times,
    outcome=words,
    cause=words,
    charged=st.booleans(),
    message=words,
    exitCode=st.integers(-(2**31), 2**31 - 1),
    retryAfterSeconds=numbers,
)
own_status = some(
    {},
    state=words,
    reason=words,
    message=words,
    conditions=st.lists(condition, max_size=3),
    attempts=st.lists(attempt, max_size=3),
    attemptCount=numbers,
    disruptionCount=numbers,
    restartsObserved=numbers,
    nextRetryTime=times,
    startTime=times,
    completionTime=times,
    queue=words,
    priority=st.integers(-1000, 1000),
    result=values,
)
spec_fields = ["class", "method", "params", "args", "paramsFrom", "priority", "queue", "dependsOn", "retry"]
spec_fields += ["runAt", "delaySeconds", "deadlineSeconds", "suspend", "cancel", "restarts", "concurrencyKey"]
spec = st.one_of(st.dictionaries(st.sampled_from(spec_fields), values), st.just(EMAIL), st.none())
"""Its types too: an object may be older than the rules of the CRD."""


def document(
    kind: str, body: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    metadata = some(
        {
            "namespace": st.just("poison"),
            "name": st.sampled_from(["one", "two", "mail-0-1"]),
            "uid": st.sampled_from(
                ["uid-0", "uid-1"] if kind == labels.KIND else ["job-0", "job-1", "pod-0"]
            ),
            "resourceVersion": st.integers(1, 99).map(str),
            "creationTimestamp": times,
        },
        labels=label_maps,
        annotations=st.dictionaries(words, words, max_size=2),
        ownerReferences=owners,
        deletionTimestamp=times,
        generation=numbers,
    )
    whole = st.builds(lambda one, two: {"metadata": one, **two}, metadata, body)
    return st.tuples(st.just(kind), st.one_of(whole, st.builds(owned, st.just(kind), whole)))


def owned(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """The same with an owner that the operator follows; its labels stay as odd as they are."""
    metadata = found["metadata"]
    owner = {"Job": (labels.KIND, "uid-0"), "Pod": ("Job", "job-0")}.get(kind)
    if owner is not None:
        reference = {"kind": owner[0], "uid": owner[1], "name": "mail-0-1", "controller": True}
        metadata["ownerReferences"] = [reference]
        metadata["labels"] = {
            labels.ATTEMPT_LABEL: "1",
            **metadata.get("labels", {}),
            labels.UID_LABEL: "uid-0",
        }
    return found


poison = st.one_of(
    document(labels.KIND, some({"spec": spec}, status=own_status)),
    document("Job", some({}, spec=some({}, activeDeadlineSeconds=numbers), status=job_status)),
    document("Pod", some({}, spec=some({}, nodeName=words), status=pod_status)),
)
HEALTHY: Mapping[str, Any] = {
    "metadata": {
        "namespace": "healthy",
        "name": "mail",
        "uid": "uid-healthy",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": TIME,
    },
    "spec": EMAIL,
}


@given(
    st.lists(
        st.tuples(st.sampled_from(["ADDED", "MODIFIED", "DELETED"]), poison), min_size=BATCH, max_size=BATCH
    )
)
def test_sec_18_no_object_stops_the_operator_or_another_object(
    events: list[tuple[EventType, tuple[str, dict[str, Any]]]],
) -> None:
    """2,000 examples of the thorough profile are 10,000 objects."""
    store = Store(lambda: NOON)
    planner = Planner(store, world_settings())
    apply = {labels.KIND: store.apply_background_job, "Job": store.apply_job, "Pod": store.apply_pod}
    for event_type, (kind, found) in events:
        apply[kind](event_type, found)
    store.apply_background_job("ADDED", HEALTHY)
    for hours in (0, 1, 50, 5000):
        plan = planner.plan(NOON + timedelta(hours=hours), set())
        if not hours:
            healthy = plan[ObjectKey("healthy", "mail")]
            assert [type(action) for action in healthy] == [CreateJob]
    planner.explain(ObjectKey("poison", "one"), NOON)


def test_sec_18_a_terminal_condition_without_a_completion_time_tells_its_own() -> None:
    """Somebody with a right to the status wrote it; the operator writes both."""
    store = Store(lambda: NOON)
    planner = Planner(store, world_settings())
    accepted = {"type": "Accepted", "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z"}
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": TIME}
    store.apply_background_job("ADDED", {**HEALTHY, "status": {"conditions": [accepted, failed]}})
    assert planner.plan(NOON, set()) == {}, "the time of another condition is long ago"
    assert planner.next_due_time is not None


def test_sec_18_an_object_that_cannot_be_decided_is_told_and_the_others_go_on() -> None:
    store = Store(lambda: NOON)
    told: list[tuple[str, type[Exception]]] = []
    planner = Planner(store, world_settings(), lambda key, error: told.append((key.name, type(error))))
    poisoned = {**HEALTHY["metadata"], "name": "poisoned", "uid": "uid-poisoned"}
    condition = {"type": "Failed", "status": "True"}
    status = {"conditions": [condition], "completionTime": "when it was done"}
    store.apply_background_job("ADDED", {**HEALTHY, "metadata": poisoned, "status": status})
    store.apply_background_job("ADDED", HEALTHY)
    assert set(planner.plan(NOON, set())) == {ObjectKey("healthy", "mail")}
    assert told == [("poisoned", ValueError)]
