"""The same tests on kind, for machines with Docker and a registry; with a name and kubeconfig of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .build_context import IMAGES, TAG, ImageSpec
from .commands import Runner, run
from .errors import ClusterError
from .images import references
from .paths import ROOT, state_directory
from .progress import Progress
from .protocol import Images, WithKubectl
from .requirements import Find, present

NAME = "backgroundjob"
CONTEXT = f"kind-{NAME}"
READY = "180s"
_PROGRAMS = {
    "docker": "https://docs.docker.com/engine/install",
    "kind": "`go install sigs.k8s.io/kind@v0.33.0`",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "helm": "https://helm.sh/docs/intro/install",
}


class KindCluster(WithKubectl):
    """Created by `kind create cluster`; recognised later by the id of its control plane's container."""

    name = "kind"
    audit_log: Path | None = None
    api_socket: Path | None = None

    def __init__(
        self,
        progress: Progress,
        *,
        state: Path | None = None,
        runner: Runner = run,
        find: Find = present,
    ) -> None:
        self._progress = progress
        self._state = state or state_directory("kind")
        self._find = find
        self.runner = runner

    def environment(self) -> Mapping[str, str]:
        return {"KUBECONFIG": str(self._kubeconfig)}

    def command(self, argv: Sequence[str]) -> list[str]:
        return ["env", *(f"{name}={value}" for name, value in self.environment().items()), *argv]

    def running(self) -> bool:
        """Raises ClusterError when a cluster of this name is not ours."""
        self._require_programs()
        if NAME not in self.runner(["kind", "get", "clusters"]).split():
            return False
        if not self._id_file.exists() or self._id_file.read_text() != self._container_id():
            raise ClusterError(
                f"a kind cluster named {NAME} exists that this tool did not make: "
                f"`kind delete cluster --name {NAME}` if nobody needs it"
            )
        return True

    def up(self) -> None:
        if self.running():
            return
        self._state.mkdir(parents=True, exist_ok=True)
        with self._progress.step(f"kind create cluster --name {NAME}"):
            self._kind("create", "cluster", f"--wait={READY}", f"--kubeconfig={self._kubeconfig}")
        self._id_file.write_text(self._container_id())

    def down(self) -> None:
        if self.running():
            self._kind("delete", "cluster", f"--kubeconfig={self._kubeconfig}")
        self._id_file.unlink(missing_ok=True)
        self._kubeconfig.unlink(missing_ok=True)

    def load(self, archive: Path) -> None:
        self._kind("load", "image-archive", str(archive))

    def provide_images(self) -> Images:
        for spec in IMAGES:
            with self._progress.step(f"docker build {spec.name}"):
                self.runner(build_command(spec))
        with self._progress.step("kind load docker-image"):
            self._kind("load", "docker-image", *(spec.reference for spec in IMAGES))
        return references()

    def add_node(self) -> str:
        raise ClusterError(
            "kind adds no node to a running cluster: tests that need a second one run with "
            "BACKGROUNDJOB_CLUSTER=embedded"
        )

    def remove_node(self) -> None:
        raise ClusterError("kind has no second node here, so there is none to remove")

    @property
    def _kubeconfig(self) -> Path:
        return self._state / "kubeconfig"

    @property
    def _id_file(self) -> Path:
        return self._state / "control-plane.id"

    def _container_id(self) -> str:
        return self.runner(["docker", "inspect", "--format={{.Id}}", f"{NAME}-control-plane"]).strip()

    def _kind(self, *arguments: str) -> None:
        self.runner(["kind", *arguments, f"--name={NAME}"])

    def _require_programs(self) -> None:
        missing = [
            f"{program} ({source})" for program, source in _PROGRAMS.items() if not self._find(program)
        ]
        if missing:
            raise ClusterError(
                f"BACKGROUNDJOB_CLUSTER=kind needs {', '.join(missing)}; "
                "BACKGROUNDJOB_CLUSTER=embedded does not"
            )


def build_command(spec: ImageSpec) -> list[str]:
    """docker build as the Dockerfile's first lines tell users to call it."""  # noqa: D403  a program's name
    parents = [parent.reference for parent in IMAGES if parent.name == spec.built_on]
    base = [f"--build-arg=BASE_IMAGE={parent}" for parent in parents]
    file = f"--file={ROOT / spec.dockerfile}"
    return [
        "docker",
        "build",
        file,
        f"--build-arg=VERSION={TAG}",
        *base,
        f"--tag={spec.reference}",
        str(ROOT / spec.context),
    ]
