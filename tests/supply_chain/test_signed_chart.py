"""A chart is pushed, signed with a key pair and verified, with nothing but a registry on loopback.

Neither a transparency log nor a time stamp service takes part: the two files in `offline` say so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.commands import run
from tests.cluster.errors import CommandError
from tests.cluster.paths import ROOT
from tests.tools.dist import package_chart

DATE = "1700000000"
# Each makes another chart of the same files.
LATER, MOVED = "1700000001", "1700000002"


@dataclass(frozen=True, slots=True)
class Signer:
    """cosign with one key pair, in a directory that holds its files."""

    cosign: Path
    home: Path

    def call(self, *arguments: str) -> str:
        password = {"COSIGN_PASSWORD": "of this test"}
        return run([str(self.cosign), *arguments], directory=self.home, environment=password)

    def create(self) -> None:
        self.home.mkdir()
        self.call("generate-key-pair")
        self.call("signing-config", "create", "--out=no-services.json")
        self.call("trusted-root", "create", "--out=no-roots.json")

    def sign(self, reference: str) -> None:
        services = ("--signing-config=no-services.json", "--trusted-root=no-roots.json")
        self.call("sign", "--key=cosign.key", *services, "--yes", reference)

    def verify(self, reference: str) -> str:
        """What cosign says about the signature of `reference`; raises when there is no good one."""
        offline = ("--trusted-root=no-roots.json", "--insecure-ignore-tlog")
        return self.call("verify", "--key=cosign.pub", *offline, reference)


@pytest.fixture(scope="module")
def signer(cosign: Path, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    created = Signer(cosign, tmp_path_factory.mktemp("signer") / "keys")
    created.create()
    return created


Push = Callable[[str], str]


@pytest.fixture(scope="module")
def push(helm: Path, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Push:
    """Packs the chart with a date and pushes it; returns its reference by digest."""

    def packed_and_pushed(date: str) -> str:
        package = package_chart(helm, ROOT, tmp_path_factory.mktemp("chart"), date)
        pushed = [str(helm), "push", str(package), f"oci://{registry}/charts", "--plain-http"]
        return f"{registry}/charts/backgroundjob@{digest(helm_said(pushed))}"

    return packed_and_pushed


def helm_said(argv: list[str]) -> str:
    """Helm tells the digest on standard error."""
    return run(["sh", "-c", 'exec "$@" 2>&1', "helm", *argv])


def digest(text: str) -> str:
    (found,) = re.findall(r"sha256:[0-9a-f]{64}", text)
    return str(found)


@pytest.fixture(scope="module")
def signed(push: Push, signer: Signer) -> str:
    """Reference of the chart, pushed and signed."""
    reference = push(DATE)
    signer.sign(reference)
    return reference


def test_sec_29_the_signature_of_the_chart_is_verified_by_its_digest(signer: Signer, signed: str) -> None:
    assert digest(signer.verify(signed).partition("docker-manifest-digest")[2]) == digest(signed)


def test_a_verified_chart_renders(helm: Path, signed: str) -> None:
    rendered = run([str(helm), "template", "backgroundjob", f"oci://{signed}", "--plain-http"])
    assert "kind: Deployment" in rendered


def test_a_chart_pushed_again_has_the_same_digest(push: Push, signed: str) -> None:
    assert push(DATE) == signed


def test_sec_29_another_chart_under_the_same_tag_is_not_verified(
    push: Push, signer: Signer, signed: str
) -> None:
    other = push(LATER)
    assert other != signed
    with pytest.raises(CommandError, match="no signatures found"):
        signer.verify(other)


def test_sec_29_a_signature_by_another_key_is_not_accepted(cosign: Path, signed: str, tmp_path: Path) -> None:
    stranger = Signer(cosign, tmp_path / "stranger")
    stranger.create()
    with pytest.raises(CommandError, match="accepted signatures do not match threshold"):
        stranger.verify(signed)


def test_sec_29_a_signature_moved_to_another_chart_is_not_accepted(
    crane: Path, push: Push, signer: Signer, signed: str
) -> None:
    other = push(MOVED)
    run([str(crane), "copy", signatures_of(signed), signatures_of(other)])
    with pytest.raises(CommandError, match="digest does not match any digest in statement"):
        signer.verify(other)


def signatures_of(reference: str) -> str:
    """The tag that lists them where a registry has no list of its own."""
    return reference.replace("@sha256:", ":sha256-")
