"""Whether admission checks by the allow-list that the operator has: asked at the start and after each change.

The API server can keep an old allow-list for good (docs/security.md). Nothing wrong runs then, because the
operator checks again; but `kubectl apply` refuses what was just allowed, and accepts what was revoked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from backgroundjob_operator.cluster.port import Admission, ClusterError
from backgroundjob_operator.runtime.metrics import Metrics

SETTLE_SECONDS: Final = 2.0
"""Admission takes a change in milliseconds; asked at once it could still be on its way."""
PATIENCE: Final = 5
"""Answers in a row that must be bad before it is told."""
AGAIN_SECONDS: Final = 60.0
"""While something is wrong."""

WRONG_VERSION: Final = "0"
_STALE: Final = (
    "admission checks by another version of the allow-list than the operator: see docs/security.md"
)
_ABSENT: Final = "no admission policy checks BackgroundJobs by the allow-list: the operator alone does"

_log = logging.getLogger(__name__)


class AdmissionProbe:
    """Sets `backgroundjob_admission_current`. `version` is the allow-list's, None while there is none."""

    def __init__(
        self,
        admission: Admission,
        version: Callable[[], str | None],
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._admission = admission
        self._version = version
        self._metrics = metrics
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._told: str | None = None

    def changed(self) -> None:
        """The allow-list has another version now."""
        self._changed.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self._changed.clear()
            is_answered = self._version() is None or await self._find_out()
            try:
                async with asyncio.timeout(AGAIN_SECONDS if self._told or not is_answered else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _find_out(self) -> bool:
        """Tell what is wrong if it stays wrong; whether there was any answer."""
        is_answered, problem = False, None
        for _ in range(PATIENCE):
            await self._sleep(SETTLE_SECONDS)
            try:
                problem, is_answered = await self._ask(), True
            except ClusterError as error:
                _log.warning("admission could not be asked for its allow-list: %s", error)
                continue
            if problem is None:
                break
        if is_answered:
            self._tell(problem)
        return is_answered

    async def _ask(self) -> str | None:
        version = self._version()
        if version is None:
            return None  # told as a problem of the settings
        if not await self._admission.accepts(version):
            return _STALE
        return _ABSENT if await self._admission.accepts(WRONG_VERSION) else None

    def _tell(self, problem: str | None) -> None:
        if problem != self._told:
            (_log.error if problem else _log.info)("%s", problem or "admission has the operator's allow-list")
        self._told = problem
        self._metrics.admission_current.set(problem is None)
