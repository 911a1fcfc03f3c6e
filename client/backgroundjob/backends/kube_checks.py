"""`bgjob doctor` on a cluster: fetches what the verdicts of `backgroundjob.doctor` judge. Writes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from backgroundjob import __version__
from backgroundjob.api.crd import crd
from backgroundjob.api.labels import (
    ALLOW_LIST_CONFIG_MAP,
    API_VERSION,
    CONFIG_CONFIG_MAP,
    CRD_NAME,
    GROUP,
    KIND,
    OPERATOR_NAME,
    PLURAL,
)
from backgroundjob.backends import Document
from backgroundjob.backends.kube_api import ApiError, KubeApi
from backgroundjob.backends.kube_system import OPERATOR_PORT, READER_ROLE, system_namespace
from backgroundjob.doctor import admission, cluster
from backgroundjob.doctor.answers import Answer, Unread, unread
from backgroundjob.doctor.check import Check, guarded, problem
from backgroundjob.doctor.settings import ALLOW_LIST, CONFIGURATION, allow_list_checks, config_check
from backgroundjob.doctor.waiting import JOBS, waiting_checks
from backgroundjob.errors import AccessDenied, BackendUnavailable

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
_CHECK_SECONDS: Final = 10.0
"""Whoever is paged waits for no single answer longer than this."""


class ClusterChecks:
    """The checks of one cluster, for a user of this namespace."""

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        jobs: Callable[[str | None], Sequence[Document]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._jobs = jobs
        self._clock = clock
        self._place = system_namespace()
        self._allow_list: Mapping[str, str] | None = None

    def run(self) -> Iterator[Check]:
        """Every check; the first alone when the API server does not let this user in."""
        try:
            version = self._get("/version")
        except BackendUnavailable as error:
            yield problem(cluster.API_SERVER, error.problem, error.advice)
            return
        if isinstance(version, Unread) and version.http_status == 401:
            step = "log in again, then: kubectl auth whoami"
            yield problem(cluster.API_SERVER, "the credentials are missing or expired (401)", step)
            return
        yield cluster.version_check(version, self._api.server)
        steps = {
            cluster.CRD: self._crd,
            ALLOW_LIST: self._read_allow_list,
            CONFIGURATION: self._config,
            admission.POLICIES: self._policies,
            admission.ADMISSION: self._admission,
            cluster.OPERATOR: self._operator,
            cluster.PERMISSIONS: self._permissions,
            JOBS: self._waiting,
        }
        for check, check_step in steps.items():
            yield from guarded(check, check_step)

    def _get(self, path: str) -> Answer:
        return self._call("GET", path)

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        try:
            return self._api.json(method, path, read_timeout_seconds=_CHECK_SECONDS, **options)
        except ApiError as error:
            return Unread(error.http_status, str(error.status.get("message") or ""))

    def _crd(self) -> Iterator[Check]:
        definition = self._get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD_NAME}")
        yield cluster.crd_check(definition, self._get(f"/apis/{API_VERSION}"), crd())

    def _read_allow_list(self) -> Iterator[Check]:
        found = self._config_map(ALLOW_LIST, ALLOW_LIST_CONFIG_MAP)
        if isinstance(found, Check):
            yield found
            return
        self._allow_list = found
        yield from allow_list_checks(found)

    def _config(self) -> Iterator[Check]:
        found = self._config_map(CONFIGURATION, CONFIG_CONFIG_MAP)
        yield found if isinstance(found, Check) else config_check(found)

    def _config_map(self, check: str, name: str) -> Mapping[str, str] | Check:
        answer = self._get(self._in_system("/api/v1", f"configmaps/{name}"))
        what = f"ConfigMap {name} in {self._place}"
        if not isinstance(answer, Unread):
            return answer.get("data") or {}
        if answer.http_status == 404:
            elsewhere = "set BACKGROUNDJOB_SYSTEM_NAMESPACE to the operator's namespace, or install the chart"
            return problem(check, f"there is no {what}", elsewhere)
        told = unread(check, what, answer)
        return Check(told.name, told.verdict, told.text, f"ask for the Role {READER_ROLE} in {self._place}")

    def _policies(self) -> Iterator[Check]:
        names = (*admission.REQUIRED, *admission.GUARDS)
        policies = {name: self._get(f"{_ADMISSION}ies/{name}") for name in names}
        bindings = {name: self._get(f"{_ADMISSION}ybindings/{name}") for name in names}
        yield from admission.policies_checks(policies, bindings)

    def _admission(self) -> Iterator[Check]:
        probes = [
            admission.Probe(class_name, self._dry_run(class_name))
            for class_name in admission.classes_to_probe(self._allow_list)
        ]
        yield admission.admission_check(probes, self._allow_list)

    def _dry_run(self, class_name: str) -> Answer:
        """Whether a method that nobody allowed could be created. Nothing is stored."""
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"generateName": "bgjob-doctor-", "namespace": self._namespace},
            "spec": {"class": class_name, "method": admission.REFUSED_METHOD},
        }
        path = f"/apis/{API_VERSION}/namespaces/{quote(self._namespace, safe='')}/{PLURAL}"
        return self._call("POST", path, query={"dryRun": "All", "fieldManager": "bgjob"}, body=body)

    def _operator(self) -> Iterator[Check]:
        deployment = self._get(self._in_system("/apis/apps/v1", f"deployments/{OPERATOR_NAME}"))
        yield from cluster.deployment_check(deployment, self._place, __version__)
        where = cluster.lease_place(deployment, self._place)
        if where is not None:
            place, name = (quote(part, safe="") for part in where)
            lease = self._get(f"/apis/coordination.k8s.io/v1/namespaces/{place}/leases/{name}")
            yield cluster.lease_check(lease, where, self._clock())

    def _permissions(self) -> Iterator[Check]:
        mine = {"namespace": self._namespace}
        wanted = [
            *(
                cluster.Permission(verb=verb, resource=PLURAL, group=GROUP, **mine)
                for verb in ("create", "get", "list", "watch", "patch", "delete")
            ),
            cluster.Permission(verb="list", resource="pods", **mine),
            cluster.Permission(verb="get", resource="pods", subresource="log", **mine),
            cluster.Permission(
                verb="get",
                resource="services",
                subresource="proxy",
                name=OPERATOR_PORT,
                namespace=self._place,
            ),
        ]
        yield cluster.permissions_check([(one, self._may(one)) for one in wanted], self._namespace)

    def _may(self, permission: cluster.Permission) -> Answer:
        attributes = {
            "verb": permission.verb,
            "group": permission.group,
            "resource": permission.resource,
            "subresource": permission.subresource,
            "namespace": permission.namespace,
            "name": permission.name,
        }
        kind = "SelfSubjectAccessReview"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": kind,
            "spec": {"resourceAttributes": attributes},
        }
        return self._call("POST", f"/apis/authorization.k8s.io/v1/{kind.lower()}s", body=body)

    def _waiting(self) -> Iterator[Check]:
        try:
            documents, where = self._jobs(None), "in all namespaces"
        except AccessDenied:
            documents, where = self._jobs(self._namespace), f"in {self._namespace}"
        yield from waiting_checks(documents, self._clock(), where)

    def _in_system(self, api: str, rest: str) -> str:
        return f"{api}/namespaces/{quote(self._place, safe='')}/{rest}"
