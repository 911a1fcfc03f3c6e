"""Typed jobs that do one thing each: what every backend must do alike is shown with them."""

import asyncio
import time
from typing import Annotated, Any

from backgroundjob import Fatal, JobClass, RetryLater, Schema, Secret, current_job, job


class TypedJob(JobClass, alias="Typed"):
    """Submitted as `Typed`."""

    @job
    def add(self, one: int, other: int = 1) -> int:
        """Add two numbers."""
        return one + other

    @job
    async def add_async(self, numbers: list[int]) -> int:
        """Add numbers, giving way in between."""
        total = 0
        for number in numbers:
            await asyncio.sleep(0)
            total += number
        return total

    @job(loggable=["value"])
    def echo(self, value: Any) -> Any:
        """Return what came."""
        return value

    @job(retries=2, retry_delay=0)
    def flaky(self, failures: int) -> list[int]:
        """Fail that many times; then tell the attempt, the highest one, and the fencing token."""
        me = current_job()
        me.log(f"attempt {me.attempt}")
        if me.attempt <= failures:
            raise ConnectionError(f"attempt {me.attempt} found nobody")
        return [me.attempt, me.max_attempts, me.fencing_token]

    @job(retries=5, retry_delay=0)
    def give_up(self) -> None:
        """Fail for good."""
        raise Fatal("no such customer")

    @job(retries=1)
    def later(self) -> int:
        """Ask for another attempt at once."""
        if current_job().attempt == 1:
            raise RetryLater(0, "not yet")
        return current_job().attempt

    @job(retries=3, retry_delay=0, fail_on=[LookupError])
    def look_up(self) -> None:
        """Raise what is not worth another attempt."""
        raise KeyError("customer")

    @job(timeout=1, retries=0)
    def overrun(self, seconds: float = 1.5) -> None:
        """Take longer than allowed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.05)

    @job
    def fill(self, characters: Annotated[int, Schema(minimum=0, maximum=100_000)]) -> str:
        """Return a text of that length."""
        return "x" * characters

    @job
    def length(self, name: str, token: Secret = Secret.ref("typed/token")) -> dict[str, Any]:
        """Tell of a Secret what may be told."""
        current_job().log(f"the token of {name} is {token}")
        return {"name": name, "length": len(token)}

    @job
    def whoami(self) -> dict[str, Any]:
        """Tell what a job knows of itself."""
        me = current_job()
        return {"name": me.name, "namespace": me.namespace, "uid": me.uid, "left": me.remaining_seconds > 0}
