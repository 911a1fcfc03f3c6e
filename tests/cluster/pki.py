"""Certificates and kubeconfigs of the embedded cluster, made by openssl and thrown away with the state."""

from dataclasses import dataclass
from pathlib import Path

from .commands import Runner, run
from .config_text import CONTEXT, kubeconfig
from .network import LOOPBACK, NODES, SERVICE_API, Node
from .paths import Layout

VALID_DAYS = 365
_EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

__all__ = ["CONTEXT", "Identity", "create", "identities"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user or server: file name, subject and (for servers) the addresses it answers at."""

    name: str
    subject: str
    addresses: tuple[str, ...] = ()
    server: str = LOOPBACK


def identities() -> tuple[Identity, ...]:
    first = NODES["node1"]
    api = (
        f"IP:{LOOPBACK}",
        f"IP:{first.address}",
        f"IP:{SERVICE_API}",
        "DNS:localhost",
        "DNS:kubernetes.default.svc",
    )
    shared = (
        Identity("apiserver", "/CN=kube-apiserver", api),
        Identity("admin", "/O=system:masters/CN=admin"),
        Identity("controller-manager", "/CN=system:kube-controller-manager"),
        Identity("scheduler", "/CN=system:kube-scheduler"),
    )
    return shared + tuple(identity for node in NODES.values() for identity in _of_node(node))


def _of_node(node: Node) -> tuple[Identity, ...]:
    addresses = (f"DNS:{node.name}", f"IP:{node.address}")
    return (
        Identity(
            f"kubelet-{node.name}", f"/O=system:nodes/CN=system:node:{node.name}", addresses, node.api_address
        ),
        Identity(f"proxy-{node.name}", "/CN=system:kube-proxy", server=node.api_address),
    )


def authority_commands(pki: Path) -> list[list[str]]:
    """The authority, and the key pair that signs the tokens of service accounts."""
    authority = [
        "openssl",
        "req",
        "-x509",
        *_EC_KEY,
        "-days",
        str(VALID_DAYS),
        "-subj",
        "/CN=backgroundjob-test",
    ]
    return [
        [*authority, "-keyout", f"{pki}/ca.key", "-out", f"{pki}/ca.crt"],
        ["openssl", "genrsa", "-out", f"{pki}/sa.key", "2048"],
        ["openssl", "rsa", "-in", f"{pki}/sa.key", "-pubout", "-out", f"{pki}/sa.pub"],
    ]


def issue_commands(pki: Path, identity: Identity) -> list[list[str]]:
    """A request, and its signature by the authority with the extensions in NAME.ext."""
    base = f"{pki}/{identity.name}"
    signer = ["-CA", f"{pki}/ca.crt", "-CAkey", f"{pki}/ca.key", "-CAcreateserial", "-days", str(VALID_DAYS)]
    return [
        [
            "openssl",
            "req",
            *_EC_KEY,
            "-keyout",
            f"{base}.key",
            "-out",
            f"{base}.csr",
            "-subj",
            identity.subject,
        ],
        [
            "openssl",
            "x509",
            "-req",
            "-in",
            f"{base}.csr",
            "-out",
            f"{base}.crt",
            "-extfile",
            f"{base}.ext",
            *signer,
        ],
    ]


def extensions(identity: Identity) -> str:
    names = f"subjectAltName={','.join(identity.addresses)}\n" if identity.addresses else ""
    return f"extendedKeyUsage=clientAuth,serverAuth\n{names}"


def create(layout: Layout, runner: Runner = run) -> None:
    """Write every key, certificate and kubeconfig into the state's pki directory."""
    pki = layout.pki
    pki.mkdir(mode=0o700)
    for argv in authority_commands(pki):
        runner(argv)
    for identity in identities():
        (pki / f"{identity.name}.ext").write_text(extensions(identity))
        for argv in issue_commands(pki, identity):
            runner(argv)
        layout.kubeconfig(identity.name).write_text(kubeconfig(pki, identity.name, identity.server))
