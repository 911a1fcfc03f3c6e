"""What the process is told by its environment."""

import os
import re
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backgroundjob.api.fields import DNS_LABEL
from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, SYSTEM_NAMESPACE
from backgroundjob.api.limits import NAME_LIMIT
from backgroundjob_operator.engine.leadership import Identity, LeaseTimes

PREFIX: Final = "BACKGROUNDJOB_"
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """Where the Lease is and how long it lasts."""

    lease: str
    namespace: str
    identity: Identity
    times: LeaseTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Read once at start; everything else comes from the ConfigMaps and reloads live."""

    namespace: str
    replica: str = ""
    """Name of the pod, or of the host; the API server's audit log shows it."""
    allow_list_name: str = ALLOW_LIST_CONFIG_MAP
    config_name: str = CONFIG_CONFIG_MAP
    watch_namespaces: tuple[str, ...] = ()
    """Where BackgroundJobs are run; none named means in all."""
    election: Election | None = None
    """None: this process writes without asking, so it must be the only one."""
    probe_admission: bool = False
    """Whether the admission policies are this installation's, so that they must have its allow-list."""
    http_port: int = 8080
    log_format: str = "text"
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Options":
        """Options from BACKGROUNDJOB_* variables. Raises ValueError naming the variable."""
        given = {
            name.removeprefix(PREFIX): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and value
        }
        namespace = given.get("NAMESPACE") or _own_namespace()
        replica = given.get("POD_NAME") or socket.gethostname()
        return cls(
            namespace=namespace,
            replica=replica,
            allow_list_name=given.get("ALLOW_LIST", ALLOW_LIST_CONFIG_MAP),
            config_name=given.get("CONFIG", CONFIG_CONFIG_MAP),
            watch_namespaces=_namespaces(given.get("WATCH_NAMESPACES", "")),
            election=_election(given, namespace, replica) if "LEASE" in given else None,
            probe_admission=given.get("PROBE_ADMISSION") == "true",
            http_port=_number(given, "HTTP_PORT", 8080, "a port number", 65_535),
            log_format=given.get("LOG_FORMAT", "text"),
            log_level=given.get("LOG_LEVEL", "info"),
        )


def _election(given: Mapping[str, str], namespace: str, replica: str) -> Election:
    default = LeaseTimes()
    seconds = {
        field: _number(given, f"LEASE_{field.upper()}", getattr(default, field), "seconds", 3600)
        for field in ("duration_seconds", "renew_deadline_seconds", "retry_period_seconds")
    }
    identity = Identity(replica, given.get("POD_UID", ""), uuid.uuid4().hex[:8])
    return Election(
        lease=given["LEASE"],
        namespace=given.get("LEASE_NAMESPACE", namespace),
        identity=identity,
        times=LeaseTimes(**seconds),
    )


def _namespaces(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if len(name) > NAME_LIMIT or not re.fullmatch(DNS_LABEL, name):
            raise ValueError(
                f"{PREFIX}WATCH_NAMESPACES has {name!r}; use names of namespaces, separated by commas"
            )
    return names


def _number(given: Mapping[str, str], name: str, default: int, what: str, most: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise ValueError(f"{PREFIX}{name} is {text!r}; use {what} from 1 to {most}")
    return int(text)


def _own_namespace() -> str:
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else SYSTEM_NAMESPACE
