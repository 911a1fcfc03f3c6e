"""The tests on a cluster that somebody else runs. Nothing happens unless its context is named exactly."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .commands import Runner, run
from .errors import ClusterError
from .paths import state_directory
from .progress import Progress
from .protocol import Images, WithKubectl

_NOT_OURS = "this tool did not make the current cluster, so it does not {what}: {instead}"


class CurrentCluster(WithKubectl):
    """Works on a copy of the one context, so that switching the current context leads no test astray."""

    name = "current"
    audit_log: Path | None = None
    api_socket: Path | None = None

    def __init__(
        self,
        progress: Progress,
        environment: Mapping[str, str],
        *,
        state: Path | None = None,
        runner: Runner = run,
    ) -> None:
        self._progress = progress
        self._state = state or state_directory("current")
        self._settings = environment
        self.runner = runner

    def environment(self) -> Mapping[str, str]:
        return {"KUBECONFIG": str(self._kubeconfig)}

    def command(self, argv: Sequence[str]) -> list[str]:
        if not self._kubeconfig.exists():
            raise ClusterError("the context is not confirmed yet: run `python -m tests.cluster up` first")
        return ["env", *(f"{name}={value}" for name, value in self.environment().items()), *argv]

    def running(self) -> bool:
        return self._kubeconfig.exists()

    def up(self) -> None:
        """Confirm the context by its name, copy it, and ask its API whether it is ready."""
        wanted = self._settings.get("BACKGROUNDJOB_CONTEXT", "")
        found = self.runner(["kubectl", "config", "current-context"]).strip()
        if not wanted or wanted != found:
            raise ClusterError(
                f"BACKGROUNDJOB_CONTEXT is {wanted!r}, kubectl's current context is {found!r}: "
                "set it to the exact name of the context whose cluster the tests may change"
            )
        view = ["kubectl", "config", "view", "--minify", "--flatten", "--raw", f"--context={found}"]
        content = self.runner(view)
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._kubeconfig.touch(mode=0o600)
        self._kubeconfig.write_text(content)
        self.kubectl("get", "--raw=/readyz")

    def down(self) -> None:
        """Forget the context; the cluster stays as it is."""
        self._kubeconfig.unlink(missing_ok=True)

    def load(self, archive: Path) -> None:
        raise ClusterError(
            _NOT_OURS.format(what="load images into it", instead="push them to a registry it can reach")
        )

    def provide_images(self) -> Images:
        prefix = self._settings.get("BACKGROUNDJOB_IMAGE_PREFIX", "").rstrip("/")
        tag = self._settings.get("BACKGROUNDJOB_IMAGE_TAG", "dev")
        if not prefix:
            raise ClusterError(
                _NOT_OURS.format(
                    what="build images for it",
                    instead="push backgroundjob-{operator,runner,examples} to a registry and set "
                    "BACKGROUNDJOB_IMAGE_PREFIX=registry/path (and BACKGROUNDJOB_IMAGE_TAG, default dev)",
                )
            )
        return Images(
            operator=f"{prefix}/backgroundjob-operator:{tag}",
            runner=f"{prefix}/backgroundjob-runner:{tag}",
            examples=f"{prefix}/backgroundjob-examples:{tag}",
        )

    def add_node(self) -> str:
        raise ClusterError(_NOT_OURS.format(what="add a node", instead="use BACKGROUNDJOB_CLUSTER=embedded"))

    def remove_node(self) -> None:
        raise ClusterError(
            _NOT_OURS.format(what="remove a node", instead="use BACKGROUNDJOB_CLUSTER=embedded")
        )

    @property
    def _kubeconfig(self) -> Path:
        return self._state / "kubeconfig"
