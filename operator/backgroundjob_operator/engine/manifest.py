"""The Job of one attempt, built from the object, its effective values and the runner profile."""

from collections.abc import Mapping
from typing import Any, Final

from backgroundjob.api import labels
from backgroundjob.api.config import Times
from backgroundjob_operator.engine.catalogue import Admitted
from backgroundjob_operator.engine.names import job_name
from backgroundjob_operator.engine.record import BackgroundJobRecord
from backgroundjob_runner import contract

CONTAINER_NAME: Final = "runner"
SECRET_PARAMS_VOLUME: Final = "params"  # noqa: S105  a volume, not a secret
DEADLINE_MARGIN_SECONDS: Final = 60
"""On a real cluster a run that ends up to 3 s before the Job's deadline is reported as exceeded."""

_POD_FIELDS: Final = (
    "imagePullSecrets",
    "serviceAccountName",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
)
_CONTAINER_FIELDS: Final = ("imagePullPolicy", "resources", "env", "envFrom")
_POD_SECURITY: Final = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "fsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER_SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def job_manifest(
    record: BackgroundJobRecord, admitted: Admitted, attempt: int, profile: Mapping[str, Any], times: Times
) -> dict[str, Any]:
    """The Job. `profile` is the runner profile as configured, camelCase, `image` included."""
    grace_seconds = int(profile.get("terminationGracePeriodSeconds", 30))
    own_labels = {
        labels.NAME_LABEL: record.key.name,
        labels.UID_LABEL: record.uid,
        labels.ATTEMPT_LABEL: str(attempt),
    }
    timeout_seconds = admitted.effective.timeout_seconds
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(record.key.name, record.uid, attempt),
            "namespace": record.key.namespace,
            "labels": {**profile.get("labels", {}), **own_labels},
            "ownerReferences": [_owner_reference(record)],
        },
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            # Only the backstop: the runner keeps the time. It counts from the Job's start, pull included.
            "activeDeadlineSeconds": times.start_deadline_seconds
            + timeout_seconds
            + grace_seconds
            + DEADLINE_MARGIN_SECONDS,
            # The cluster itself cleans up, also while the operator is away: last, so the longer time.
            "ttlSecondsAfterFinished": max(times.keep_failed_jobs_seconds, times.keep_succeeded_jobs_seconds),
            "template": {
                "metadata": {
                    "labels": {**profile.get("labels", {}), **own_labels},
                    "annotations": {
                        **profile.get("annotations", {}),
                        labels.INVOCATION_ANNOTATION: _invocation(record, admitted, attempt, grace_seconds),
                    },
                },
                "spec": _pod_spec(record, profile, grace_seconds),
            },
        },
    }


def _owner_reference(record: BackgroundJobRecord) -> dict[str, Any]:
    return {
        "apiVersion": labels.API_VERSION,
        "kind": labels.KIND,
        "name": record.key.name,
        "uid": record.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _invocation(record: BackgroundJobRecord, admitted: Admitted, attempt: int, grace_seconds: int) -> str:
    return contract.Invocation(
        uid=record.uid,
        namespace=record.key.namespace,
        name=record.key.name,
        attempt=attempt,
        max_attempts=admitted.effective.retry.max_attempts,
        class_name=record.class_name,
        method=record.method,
        target=admitted.effective.target,
        params=admitted.params,
        secret_params=admitted.secret_params,
        timeout_seconds=admitted.effective.timeout_seconds,
        grace_period_seconds=grace_seconds,
        loggable=admitted.loggable,
    ).to_json()


def _pod_spec(record: BackgroundJobRecord, profile: Mapping[str, Any], grace_seconds: int) -> dict[str, Any]:
    volumes, mounts = _volumes(record)
    container = {
        "name": CONTAINER_NAME,
        "image": profile["image"],
        "securityContext": {**_CONTAINER_SECURITY, **profile.get("securityContext", {})},
        "terminationMessagePath": contract.RECEIPT_PATH,
        "terminationMessagePolicy": "File",
        "volumeMounts": [*mounts, *profile.get("volumeMounts", ())],
        **{name: profile[name] for name in _CONTAINER_FIELDS if profile.get(name)},
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace_seconds,
        # An account is named for its image pull secrets and for policies, too; a token is asked for.
        "automountServiceAccountToken": bool(profile.get("automountServiceAccountToken")),
        "enableServiceLinks": False,
        "securityContext": {**_POD_SECURITY, **profile.get("podSecurityContext", {})},
        "containers": [container],
        "volumes": [*volumes, *profile.get("volumes", ())],
        **{name: profile[name] for name in _POD_FIELDS if profile.get(name)},
    }


def _volumes(record: BackgroundJobRecord) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    directory, _, file_name = contract.INVOCATION_PATH.rpartition("/")
    field_path = f"metadata.annotations['{labels.INVOCATION_ANNOTATION}']"
    volumes: list[dict[str, Any]] = [
        {
            "name": "invocation",
            "downwardAPI": {"items": [{"path": file_name, "fieldRef": {"fieldPath": field_path}}]},
        },
        {"name": "tmp", "emptyDir": {}},
    ]
    mounts: list[dict[str, Any]] = [
        {"name": "invocation", "mountPath": directory, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own, empty at every start
    ]
    secrets = record.spec.params_from if record.spec else ()
    if secrets:
        # The kubelet mounts them; the operator never reads a Secret.
        sources = [
            {
                "secret": {
                    "name": secret.secret_key_ref.name,
                    "items": [{"key": secret.secret_key_ref.key, "path": secret.name}],
                }
            }
            for secret in secrets
        ]
        volumes.append({"name": SECRET_PARAMS_VOLUME, "projected": {"sources": sources}})
        mounts.append(
            {"name": SECRET_PARAMS_VOLUME, "mountPath": contract.SECRET_PARAMS_PATH, "readOnly": True}
        )
    return volumes, mounts
