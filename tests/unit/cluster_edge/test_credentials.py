"""Where the credentials come from, and what is said when there are none."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from backgroundjob_operator.cluster import credentials
from backgroundjob_operator.cluster.credentials import NoCredentials, find_credentials


def kubeconfig(path: Path, user: dict[str, Any], server: str = "http://127.0.0.1:1", **cluster: Any) -> Path:
    """A kubeconfig with one context."""
    document = {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    file = path / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return file


def found(file: Path) -> credentials.Credentials:
    """The credentials of a kubeconfig."""
    return find_credentials({"KUBECONFIG": str(file)})


def _pem(what: str, body: str) -> bytes:
    return f"-----BEGIN {what}-----\n{body}\n-----END {what}-----\n".encode()


# Made for these tests; valid for 100 years, trusted by nobody.
CERTIFICATE = _pem(
    "CERTIFICATE",
    "MIIBdTCCARugAwIBAgIUUnneKD50VLHdc9+PrvTkhc4PinkwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEdGVzdDAgFw0yNjEx"
    "MjIwOTA3NDJaGA8yMTI2MTAyOTA5MDc0MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDLB"
    "A+S13LNJy6e5w51CvlwS+gPUP2n8ngsSMiq46XjSSxM0r2x4pPEwXXfSI86gJ5V9aJQO2VjvZi9vX4eLyxSjUzBRMB0GA1Ud"
    "DgQWBBTTDCpPGslKWsBCUkK+FUE4tl3QkTAfBgNVHSMEGDAWgBTTDCpPGslKWsBCUkK+FUE4tl3QkTAPBgNVHRMBAf8EBTAD"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDUzSQeo9GLiGW0Xa2yMFyDgHI5Vsgp8RWhYoDZ2HIJqAIgIzuLb+Xq18fRgeamOPae"
    "/4etGQQemndp8uFI4nEKooc=",
)
KEY = _pem(
    "PRIVATE KEY",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL9qBVw+c8amfzg5I5D0nRJZ3lQuYnikLEjgUgUA8V2+hRANC"
    "AAQywQPktdyzScunucOdQr5cEvoD1D9p/J4LEjIquOl40ksTNK9seKTxMF130iPOoCeVfWiUDtlY72Yvb1+Hi8sU",
)


def base64_of(data: bytes) -> str:
    """Data as a kubeconfig holds it."""
    return base64.b64encode(data).decode()


@pytest.fixture
def service_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A mounted service account."""
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "token").write_text("one\n")
    (tmp_path / "ca.crt").write_bytes(CERTIFICATE)
    return tmp_path


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")]
)
def test_in_a_cluster_it_is_the_service_account(service_account: Path, host: str, server: str) -> None:
    environment = {
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": "6443",
        "KUBECONFIG": "/nowhere",
    }

    answer = find_credentials(environment)

    assert answer.server == server
    assert answer.ssl_context is not None
    assert answer.headers() == {"Authorization": "Bearer one"}


def test_a_rotated_token_is_used_from_the_next_request_on(service_account: Path) -> None:
    answer = find_credentials({"KUBERNETES_SERVICE_HOST": "10.0.0.1"})

    (service_account / "token").write_text("two\n")

    assert answer.headers() == {"Authorization": "Bearer two"}


def test_the_variables_of_a_cluster_without_its_token_mean_a_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path / "none")
    file = kubeconfig(tmp_path, {"token": "abc"})

    answer = find_credentials({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": str(file)})

    assert answer.server == "http://127.0.0.1:1"


def test_a_token_of_the_kubeconfig_is_sent_and_never_shown(tmp_path: Path) -> None:
    answer = found(kubeconfig(tmp_path, {"token": "abc-secret"}))

    assert answer.headers() == {"Authorization": "Bearer abc-secret"}
    assert "abc-secret" not in repr(answer)


def test_a_token_file_is_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("abc\n")

    assert found(kubeconfig(tmp_path, {"tokenFile": "token.txt"})).headers() == {
        "Authorization": "Bearer abc"
    }


def test_a_client_certificate_is_taken_from_data(tmp_path: Path) -> None:
    certificate, key = base64_of(CERTIFICATE), base64_of(KEY)
    file = kubeconfig(
        tmp_path,
        {"client-certificate-data": certificate, "client-key-data": key},
        server="https://127.0.0.1:1/",
        **{"certificate-authority-data": certificate},
    )

    answer = found(file)

    assert (answer.server, answer.headers()) == ("https://127.0.0.1:1", {})
    assert answer.ssl_context is not None
    assert len(answer.ssl_context.get_ca_certs()) == 1


def test_certificates_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(CERTIFICATE)
    (tmp_path / "key.pem").write_bytes(KEY)
    user = {"client-certificate": "cert.pem", "client-key": "key.pem"}
    file = kubeconfig(tmp_path, user, server="https://127.0.0.1:1", **{"certificate-authority": "cert.pem"})

    assert found(file).ssl_context is not None


@pytest.mark.parametrize("plugin", ["exec", "auth-provider"])
def test_a_login_plugin_is_not_run_and_the_message_says_what_to_use(tmp_path: Path, plugin: str) -> None:
    file = kubeconfig(tmp_path, {plugin: {"command": "aws"}})

    with pytest.raises(NoCredentials) as caught:
        found(file)

    assert str(caught.value) == (
        f"{file}: user u needs a login plugin, which the operator does not run; "
        "use a token or a client certificate"
    )


def test_without_either_the_message_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoCredentials) as caught:
        found(tmp_path / "none")

    assert str(caught.value) == (
        f"no service account is mounted and {tmp_path}/none does not exist; run in a pod or set KUBECONFIG"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "contexts has no entry named None"),
        ("current-context: dev", "contexts has no entry named 'dev'"),
        ("current-context: dev\ncontexts: [{name: dev}]", "is not a usable kubeconfig: 'context' is missing"),
        ("- a list", "is not a usable kubeconfig: AttributeError"),
        ("token: 'abc-secret\nx: [", "is not a usable kubeconfig: ScannerError"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_said_without_its_contents(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)

    with pytest.raises(NoCredentials) as caught:
        found(file)

    assert str(caught.value) in (f"{file}: {message}", f"{file} {message}")


@pytest.mark.parametrize(
    "user",
    [
        {"client-certificate-data": "abc", "client-key-data": "abc"},
        {"client-certificate-data": base64_of(b"x"), "client-key-data": base64_of(b"x")},
        {"client-certificate": "none.pem", "client-key": "none.pem"},
    ],
    ids=["not base64", "not a certificate", "no such file"],
)
def test_a_certificate_that_cannot_be_used_is_no_crash(tmp_path: Path, user: dict[str, str]) -> None:
    file = kubeconfig(tmp_path, user, server="https://127.0.0.1:1")

    with pytest.raises(NoCredentials, match="a certificate or key cannot be used"):
        found(file)
