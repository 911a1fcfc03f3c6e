"""Stops and continues the kubelet of a node of ours: to the API server the node is then silent."""

import signal

from .components import node_components
from .errors import ClusterError
from .network import NODES
from .paths import Layout
from .process import PROC, send_signal, with_command_line


def pause(layout: Layout, node: str) -> None:
    """The containers of the node run on."""
    _send(layout, node, signal.SIGSTOP)


def resume(layout: Layout, node: str) -> None:
    """The kubelet catches up with what it missed. Harmless when it was not paused."""
    _send(layout, node, signal.SIGCONT)


def command_line(layout: Layout, node: str) -> tuple[str, ...]:
    """It names the state directory and the node, so no kubelet of another cluster has it."""
    return next(
        component.argv for component in node_components(layout, NODES[node]) if component.name == "kubelet"
    )


def _send(layout: Layout, node: str, number: signal.Signals) -> None:
    found = with_command_line(command_line(layout, node), PROC)
    if not found:
        raise ClusterError(f"no kubelet of {node} runs: add the node first")
    for process in found:
        send_signal(process, number)
