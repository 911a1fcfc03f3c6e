"""Where the API server is and who we are: the pod's service account, or a kubeconfig.

Exec plugins and auth providers are for people; an operator outside a cluster (development, tests) uses a
kubeconfig with a certificate or a token.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class NoCredentials(RuntimeError):
    """Neither a service account nor a usable kubeconfig was found."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Server address, TLS, and the token's source. The token is read anew: the kubelet rotates it."""

    server: str
    ssl_context: ssl.SSLContext | None
    token_file: Path | None = None
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """The Authorization header as of now; empty with a client certificate."""
        token = self.token_file.read_text().strip() if self.token_file else self.token
        return {"Authorization": f"Bearer {token}"} if token else {}


def find_credentials(environment: Mapping[str, str] = os.environ) -> Credentials:
    """The service account where there is one, else KUBECONFIG. Raises NoCredentials."""
    host = environment.get("KUBERNETES_SERVICE_HOST")
    if host and (SERVICE_ACCOUNT / "token").exists():
        port = environment.get("KUBERNETES_SERVICE_PORT", "443")
        address = f"[{host}]" if ":" in host else host
        context = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
        return Credentials(f"https://{address}:{port}", context, token_file=SERVICE_ACCOUNT / "token")
    path = Path(environment.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not path.exists():
        raise NoCredentials(
            f"no service account is mounted and {path} does not exist; run in a pod or set KUBECONFIG"
        )
    try:
        return _from_kubeconfig(path)
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        # Type and key only: a parser's message quotes the file, tokens and all.
        what = f"{error} is missing" if isinstance(error, KeyError) else type(error).__name__
        raise NoCredentials(f"{path} is not a usable kubeconfig: {what}") from None
    except (ValueError, OSError) as error:
        raise NoCredentials(f"{path}: a certificate or key cannot be used: {error}") from None


def _from_kubeconfig(path: Path) -> Credentials:
    document = yaml.safe_load(path.read_text()) or {}
    current = document.get("current-context")
    context = _named(document, "contexts", current, path)["context"]
    cluster = _named(document, "clusters", context["cluster"], path)["cluster"]
    user = _named(document, "users", context["user"], path)["user"]
    if "exec" in user or "auth-provider" in user:
        raise NoCredentials(
            f"{path}: user {context['user']} needs a login plugin, which the operator does not run; "
            "use a token or a client certificate"
        )
    return Credentials(
        server=str(cluster["server"]).rstrip("/"),
        ssl_context=_ssl_context(cluster, user, path.parent)
        if cluster["server"].startswith("https")
        else None,
        token=user.get("token"),
        token_file=path.parent / user["tokenFile"] if "tokenFile" in user else None,
    )


def _named(document: Mapping[str, Any], section: str, name: object, path: Path) -> Mapping[str, Any]:
    for entry in document.get(section) or ():
        if entry.get("name") == name:
            return dict(entry)
    raise NoCredentials(f"{path}: {section} has no entry named {name!r}")


def _ssl_context(cluster: Mapping[str, Any], user: Mapping[str, Any], base: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_text(cluster, "certificate-authority", base))
    certificate, key = _text(user, "client-certificate", base), _text(user, "client-key", base)
    if certificate and key:
        # ssl reads certificates from files only; this one exists for an instant, readable by us alone.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate + "\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _text(section: Mapping[str, Any], name: str, base: Path) -> str | None:
    if f"{name}-data" in section:
        return base64.b64decode(section[f"{name}-data"]).decode()
    return (base / section[name]).read_text() if name in section else None
