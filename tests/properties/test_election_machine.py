"""However late, lost, repeated or stopped anything is: at no moment may two processes write.

Nobody steals here, as no process of ours does; what a theft does is told in tests/unit/election.
"""

import asyncio
from typing import cast

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.runtime.elector import Elector
from model_lease import ModelLease, elector


class Election(RuleBasedStateMachine):
    """Processes come, take turns at any time or not at all, and see the Lease as late as the watch likes."""

    def __init__(self) -> None:
        super().__init__()
        self.lease = ModelLease()
        self.lives = 0
        self.alive: list[Elector] = []
        self.seen: list[Document] = []
        self.running: asyncio.Future[float] | None = None

    processes = Bundle("processes")

    @initialize(target=processes)
    def start_two(self) -> MultipleResults[Elector]:
        return multiple(*[cast("Elector", self.start(pod)) for pod in ("pod-1", "")])

    @precondition(lambda self: self.lives < 5)
    @rule(target=processes, pod=st.sampled_from(["", "pod-1", "pod-2"]))
    def start(self, pod: str) -> Elector:
        """A new life. A pod has one container: its former life is dead."""
        self.lives += 1
        born = elector(self.lease, pod or f"host-{self.lives}", pod and f"uid-{pod}", str(self.lives))
        if pod:
            self.alive = [one for one in self.alive if one._identity.name != pod]
        self.alive.append(born)
        return born

    @rule(process=processes)
    def turn(self, process: Elector) -> None:
        if process in self.alive:
            asyncio.run(process.turn())
            self._note()

    @rule(process=processes)
    def wait_as_told_while_the_others_are_silent(self, process: Elector) -> None:
        """The earliest moment at which it may begin is the one that matters."""
        if process in self.alive:
            self.lease.now += asyncio.run(process.turn())
            asyncio.run(process.turn())
            self._note()

    @rule(process=processes, takes_effect=st.booleans())
    def turn_without_an_answer(self, process: Elector, takes_effect: bool) -> None:
        if process in self.alive:
            self.lease.faults = [takes_effect]
            asyncio.run(process.turn())
            self.lease.faults = []
            self._note()

    @rule(process=processes, seconds=st.sampled_from([0, 1, 5, 10]), other=processes)
    def turn_with_a_slow_answer(self, process: Elector, seconds: float, other: Elector) -> None:
        """Between a write and its answer time passes, the watch tells, and another takes its turn."""

        def meanwhile() -> None:
            self.lease.before_the_answer = lambda: None
            self.lease.now += seconds
            self._note()
            for one in self.alive:
                one.observe("MODIFIED", self.seen[-1])
            if other in self.alive and other is not process:
                self.running = asyncio.ensure_future(other.turn())

        if process in self.alive:
            self.lease.before_the_answer = meanwhile
            asyncio.run(_until_quiet(process))
            self.lease.before_the_answer = lambda: None
            self._note()

    @rule(process=processes, back=st.sampled_from([0, 0, 0, 1, 2]))
    def watch_brings(self, process: Elector, back: int) -> None:
        """The present version, or an older one again."""
        if self.seen:
            process.observe("MODIFIED", self.seen[max(0, len(self.seen) - 1 - back)])

    @rule(process=processes)
    def release(self, process: Elector) -> None:
        if process in self.alive:
            asyncio.run(process.release())
            self.alive.remove(process)
            self._note()

    @rule(process=processes)
    def kill(self, process: Elector) -> None:
        if process in self.alive:
            self.alive.remove(process)

    @rule(seconds=st.sampled_from([0.1, 1, 2, 4.9, 5, 9.9, 10, 15]))
    def time_passes(self, seconds: float) -> None:
        self.lease.now += seconds

    @invariant()
    def one_may_write(self) -> None:
        assert sum(one.seconds_left() > 0 for one in self.alive) <= 1

    def _note(self) -> None:
        if self.lease.stored is not None:
            self.seen.append(self.lease.stored)


async def _until_quiet(process: Elector) -> None:
    """The turn, and what began meanwhile."""
    await process.turn()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others)


TestElection = Election.TestCase
