"""Names that the API server stores: group, kind, labels, annotations, ConfigMaps. Spelled once, here."""

from typing import Final

GROUP: Final = "backgroundjob.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "BackgroundJob"
LIST_KIND: Final = "BackgroundJobList"
PLURAL: Final = "backgroundjobs"
SINGULAR: Final = "backgroundjob"
SHORT_NAMES: Final = ("bgjob", "bgj")
CATEGORY: Final = "background"
CRD_NAME: Final = f"{PLURAL}.{GROUP}"

# Labels of every Job and Pod of ours. Admission lets only the operator set them.
NAME_LABEL: Final = f"{GROUP}/name"
UID_LABEL: Final = f"{GROUP}/uid"
ATTEMPT_LABEL: Final = f"{GROUP}/attempt"

# Annotations.
INVOCATION_ANNOTATION: Final = f"{GROUP}/invocation"
"""On the pod: the invocation as JSON, mounted as a file through the downward API."""
ALLOW_LIST_VERSION_ANNOTATION: Final = f"{GROUP}/allow-list-version"
"""On a dry run of the Lease: the version of the allow-list that admission is asked about. Never stored."""
LAST_COMMAND_ANNOTATION: Final = f"{GROUP}/last-command"
"""On the BackgroundJob, by its user: verb, reason and time of the last command with a reason, as JSON."""

# Objects in the operator's namespace.
SYSTEM_NAMESPACE: Final = "backgroundjob-system"
OPERATOR_NAME: Final = "backgroundjob-operator"
"""Deployment, ServiceAccount and field manager."""
ALLOW_LIST_CONFIG_MAP: Final = "backgroundjob-allow-list"
CONFIG_CONFIG_MAP: Final = "backgroundjob-config"
