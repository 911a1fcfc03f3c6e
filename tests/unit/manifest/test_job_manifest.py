"""The Job of one attempt."""

import json

import pytest

from backgroundjob.api.config import Times
from backgroundjob_runner.contract import Invocation
from job_manifests import invocation, manifest

SECRETS = [
    {"name": "password", "secretKeyRef": {"name": "smtp", "key": "pass.txt"}},
    {"name": "token", "secretKeyRef": {"name": "api", "key": "token"}},
]


OWN_LABELS = {
    "backgroundjob.dev/name": "mail",
    "backgroundjob.dev/uid": "0b5c",
    "backgroundjob.dev/attempt": "2",
}


def test_the_job_of_a_small_object_is_exactly_this() -> None:
    job = manifest(attempt=2, timeoutSeconds=100)
    text = job["spec"]["template"]["metadata"]["annotations"].pop("backgroundjob.dev/invocation")

    assert json.loads(text) == {
        "protocol": 1,
        "uid": "0b5c",
        "namespace": "shop",
        "name": "mail",
        "attempt": 2,
        "maxAttempts": 3,
        "class": "EmailJob",
        "method": "send",
        "target": "jobs.email:EmailJob.send",
        "params": {"to": "a@example.org"},
        "secretParams": [],
        "timeoutSeconds": 100,
        "gracePeriodSeconds": 30,
        "loggable": ["to"],
    }
    assert job == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "mail-891722b1-2",
            "namespace": "shop",
            "labels": OWN_LABELS,
            "ownerReferences": [
                {
                    "apiVersion": "backgroundjob.dev/v1alpha1",
                    "kind": "BackgroundJob",
                    "name": "mail",
                    "uid": "0b5c",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "activeDeadlineSeconds": 490,  # 300 to start + 100 to run + 30 of grace + 60 of margin
            "ttlSecondsAfterFinished": 86_400,
            "template": {
                "metadata": {"labels": OWN_LABELS, "annotations": {}},
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": 30,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 10001,
                        "runAsGroup": 10001,
                        "fsGroup": 10001,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "runner",
                            "image": "runner:1",
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "terminationMessagePath": "/dev/termination-log",
                            "terminationMessagePolicy": "File",
                            "volumeMounts": [
                                {"name": "invocation", "mountPath": "/etc/backgroundjob", "readOnly": True},
                                {"name": "tmp", "mountPath": "/tmp"},
                            ],
                        }
                    ],
                    "volumes": [
                        {
                            "name": "invocation",
                            "downwardAPI": {
                                "items": [
                                    {
                                        "path": "invocation.json",
                                        "fieldRef": {
                                            "fieldPath": "metadata.annotations"
                                            "['backgroundjob.dev/invocation']"
                                        },
                                    }
                                ]
                            },
                        },
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    }


def test_the_runner_reads_back_what_was_meant() -> None:
    params = {"to": "Zoë <z@example.org>", "password": {"nested": [1, 2.5, None, True, '"\\\n\u2028']}}

    found = invocation(manifest(attempt=3, params=params, retry={"maxAttempts": 7}, timeoutSeconds=5))

    assert found == Invocation(
        uid="0b5c",
        namespace="shop",
        name="mail",
        attempt=3,
        max_attempts=7,
        class_name="EmailJob",
        method="send",
        target="jobs.email:EmailJob.send",
        params=params,
        timeout_seconds=5,
        grace_period_seconds=30,
        loggable=("to",),
    )


def test_a_secret_param_is_mounted_by_the_kubelet_and_never_read() -> None:
    job = manifest(paramsFrom=SECRETS)
    spec = job["spec"]["template"]["spec"]

    assert spec["volumes"][-1] == {
        "name": "params",
        "projected": {
            "sources": [
                {"secret": {"name": "smtp", "items": [{"key": "pass.txt", "path": "password"}]}},
                {"secret": {"name": "api", "items": [{"key": "token", "path": "token"}]}},
            ]
        },
    }
    assert spec["containers"][0]["volumeMounts"][-1] == {
        "name": "params",
        "mountPath": "/etc/backgroundjob-params",
        "readOnly": True,
    }
    found = invocation(job)
    assert (found.params, found.secret_params) == ({"to": "a@example.org"}, ("password", "token"))
    assert "env" not in spec["containers"][0]


def test_params_travel_in_the_annotation_alone() -> None:
    job = manifest(params={"to": "marker-4711"})
    del job["spec"]["template"]["metadata"]["annotations"]

    assert "marker-4711" not in json.dumps(job)


@pytest.mark.parametrize(
    ("start", "timeout", "grace", "deadline"),
    [
        (300, 3600, 30, 3990),  # 300 + 3600 + 30 + 60
        (10, 1, 0, 71),  # 10 + 1 + 0 + 60
        (86_400, 604_800, 3600, 694_860),  # 86400 + 604800 + 3600 + 60
    ],
)
def test_the_backstop_is_everything_an_attempt_may_take_and_a_minute(
    start: int, timeout: int, grace: int, deadline: int
) -> None:
    job = manifest(
        {"terminationGracePeriodSeconds": grace},
        times=Times(start_deadline_seconds=start),
        timeoutSeconds=timeout,
    )

    assert job["spec"]["activeDeadlineSeconds"] == deadline
    assert job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == grace
    assert invocation(job).grace_period_seconds == grace


@pytest.mark.parametrize(
    ("succeeded", "failed", "ttl"), [(3600, 86_400, 86_400), (604_800, 60, 604_800), (0, 0, 0)]
)
def test_the_cluster_cleans_up_no_earlier_than_any_outcome_is_to_be_kept(
    succeeded: int, failed: int, ttl: int
) -> None:
    times = Times(keep_succeeded_jobs_seconds=succeeded, keep_failed_jobs_seconds=failed)

    assert manifest(times=times)["spec"]["ttlSecondsAfterFinished"] == ttl


def test_a_large_invocation_of_letters_beyond_ascii_fits_into_the_annotations_of_a_pod() -> None:
    # 64 KiB of 2-byte letters become 6 characters each: 192 KiB of the 256 KiB of all annotations
    job = manifest(params={"to": "é" * 32_763})

    assert len(job["spec"]["template"]["metadata"]["annotations"]["backgroundjob.dev/invocation"]) < 200_000
