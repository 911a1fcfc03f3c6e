"""What the process is told by its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP, CONFIG_CONFIG_MAP, SYSTEM_NAMESPACE

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Read once at start; everything else comes from the ConfigMaps and reloads live."""

    namespace: str
    allow_list_name: str = ALLOW_LIST_CONFIG_MAP
    config_name: str = CONFIG_CONFIG_MAP
    http_port: int = 8080
    log_format: str = "text"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Options":
        """Options from BACKGROUNDJOB_* variables. Raises ValueError naming the variable."""
        port = environment.get("BACKGROUNDJOB_HTTP_PORT", "8080")
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(f"BACKGROUNDJOB_HTTP_PORT is {port!r}; use a port number from 1 to 65535")
        return cls(
            namespace=environment.get("BACKGROUNDJOB_NAMESPACE") or _own_namespace(),
            allow_list_name=environment.get("BACKGROUNDJOB_ALLOW_LIST") or ALLOW_LIST_CONFIG_MAP,
            config_name=environment.get("BACKGROUNDJOB_CONFIG") or CONFIG_CONFIG_MAP,
            http_port=int(port),
            log_format=environment.get("BACKGROUNDJOB_LOG_FORMAT") or "text",
        )


def _own_namespace() -> str:
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else SYSTEM_NAMESPACE
