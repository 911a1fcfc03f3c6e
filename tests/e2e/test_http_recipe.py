"""docs/http.md on a real cluster: its Role, its curl command with a token of that Role, and no more."""

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from doc_pages import all_blocks
from e2e_product import Namespace
from tests.cluster.errors import CommandError

PAGE = "docs/http.md"
OBJECTS = "backgroundjobs.backgroundjob.dev"


def block(language: str, containing: str) -> str:
    blocks = (one for one in all_blocks() if (one.page, one.language) == (PAGE, language))
    [found] = [one.text for one in blocks if containing in one.text]
    return found


def server_of(namespace: Namespace) -> dict[str, Any]:
    view = ("config", "view", "--raw", "--flatten", "-o", "json")
    found: dict[str, Any] = namespace.product.cluster.kubectl_json(*view)["clusters"][0]["cluster"]
    return found


@pytest.fixture
def place(namespace: Namespace, tmp_path: Path) -> Path:
    """What a pod of the web application finds: its token and the API server's certificate."""
    role = block("yaml", "kind: ServiceAccount").replace("namespace: shop", f"namespace: {namespace.name}")
    namespace.kubectl("apply", "-f", "-", stdin=role)
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(server_of(namespace)["certificate-authority-data"]))
    (tmp_path / "token").write_text(namespace.kubectl("create", "token", "web"))
    return tmp_path


def run(namespace: Namespace, script: str) -> dict[str, Any]:
    command = namespace.product.cluster.command(["bash", "-c", script])
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_curl_command_submits_with_the_minimal_role_which_allows_no_more(
    namespace: Namespace, place: Path
) -> None:
    script = block("sh", "curl --cacert").replace(
        "https://kubernetes.default.svc", server_of(namespace)["server"]
    )
    script = re.sub(r"place=\S+", f"place={place}", script)
    script = script.replace("/namespaces/shop/", f"/namespaces/{namespace.name}/")
    first = run(namespace, script)
    assert (first["kind"], first["metadata"]["name"]) == ("BackgroundJob", "invoice-42")
    assert run(namespace, script)["reason"] == "AlreadyExists"
    assert namespace.wait("invoice-42", "Succeeded")["result"]["number"] == 42

    web = f"--as=system:serviceaccount:{namespace.name}:web"
    state = namespace.kubectl(web, "get", OBJECTS, "invoice-42", "-o", "jsonpath={.status.state}")
    assert state == "Succeeded"
    for verb in (("get", OBJECTS), ("delete", OBJECTS, "invoice-42"), ("get", "pods"), ("get", "secrets")):
        with pytest.raises(CommandError, match="forbidden"):
            namespace.kubectl(web, *verb)
