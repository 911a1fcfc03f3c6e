"""What a runner profile makes of the pod."""

from typing import Any

import pytest

from backgroundjob.api.config import Profile, Times
from backgroundjob_operator.engine.manifest import job_manifest
from job_manifests import admission, manifest, pod, record

OWN_LABELS = {
    "backgroundjob.dev/name": "mail",
    "backgroundjob.dev/uid": "0b5c",
    "backgroundjob.dev/attempt": "2",
}


POD_FIELDS: dict[str, Any] = {
    "imagePullSecrets": [{"name": "regcred"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "batch", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "batch",
    "serviceAccountName": "mailer",
    "automountServiceAccountToken": True,
}
CONTAINER_FIELDS: dict[str, Any] = {
    "imagePullPolicy": "Always",
    "resources": {"limits": {"memory": "1Gi"}},
    "env": [{"name": "REGION", "value": "eu"}],
    "envFrom": [{"configMapRef": {"name": "smtp"}}],
}


@pytest.mark.parametrize("field", POD_FIELDS)
def test_a_pod_field_of_the_profile_reaches_the_pod(field: str) -> None:
    assert pod(profile={field: POD_FIELDS[field]})[field] == POD_FIELDS[field]


@pytest.mark.parametrize("field", CONTAINER_FIELDS)
def test_a_container_field_of_the_profile_reaches_the_container(field: str) -> None:
    found = pod(profile={field: CONTAINER_FIELDS[field]})

    assert found["containers"][0][field] == CONTAINER_FIELDS[field]


def test_a_token_is_mounted_only_where_the_administrator_asks_for_it() -> None:
    assert pod()["automountServiceAccountToken"] is False
    mailer = {"serviceAccountName": "mailer"}
    assert pod(profile=mailer)["automountServiceAccountToken"] is False
    found = pod(profile={**mailer, "automountServiceAccountToken": True})
    assert found["automountServiceAccountToken"] is True


def test_security_of_the_profile_changes_what_it_names_and_nothing_else() -> None:
    found = pod(profile={"podSecurityContext": {"runAsUser": 7}, "securityContext": {"privileged": False}})

    assert found["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 7,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert found["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
    }


def test_volumes_of_the_profile_are_added_to_our_own() -> None:
    volume, mount = {"name": "data", "emptyDir": {}}, {"name": "data", "mountPath": "/data"}

    found = pod(profile={"volumes": [volume], "volumeMounts": [mount]})

    assert [one["name"] for one in found["volumes"]] == ["invocation", "tmp", "data"]
    assert found["containers"][0]["volumeMounts"][-1] == mount


def test_labels_and_annotations_of_the_profile_stand_beside_our_own() -> None:
    job = manifest({"labels": {"team": "mail"}, "annotations": {"note": "x"}}, attempt=2)
    template = job["spec"]["template"]["metadata"]

    assert job["metadata"]["labels"] == {"team": "mail", **OWN_LABELS}
    assert template["labels"] == {"team": "mail", **OWN_LABELS}
    assert template["annotations"].keys() == {"note", "backgroundjob.dev/invocation"}


def test_labels_with_our_prefix_are_reserved_even_if_a_profile_got_them_past_its_model() -> None:
    forged = {"image": "x", "labels": {"backgroundjob.dev/uid": "other"}}
    seen = record()

    job = job_manifest(seen, admission(seen), 2, forged, Times())

    assert job["metadata"]["labels"] == OWN_LABELS
    assert job["spec"]["template"]["metadata"]["labels"] == OWN_LABELS


def test_every_field_of_a_profile_reaches_the_job() -> None:
    profile: dict[str, Any] = {
        **POD_FIELDS,
        **CONTAINER_FIELDS,
        "image": "image-value",
        "podSecurityContext": {"fsGroup": 4711},
        "securityContext": {"privileged": False},
        "volumes": [{"name": "data", "emptyDir": {}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "labels": {"team": "mail"},
        "annotations": {"note": "x"},
        "terminationGracePeriodSeconds": 47,
    }
    assert profile.keys() == {field.alias for field in Profile.model_fields.values()}
    everything = manifest(profile)

    # without an image there is no profile
    for field in profile.keys() - {"image"}:
        without = manifest({name: value for name, value in profile.items() if name != field})
        assert without != everything, f"{field} changes nothing"
