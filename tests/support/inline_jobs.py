"""Typed jobs for tests of the inline backend. They run in the test's process and note what they do."""

import asyncio
import contextvars
import threading
from typing import Any

from backgroundjob import Fatal, JobClass, RetryLater, current_job, job

calls: list[Any] = []
"""What ran, in order; the tests' fixture empties it."""
setting: contextvars.ContextVar[str] = contextvars.ContextVar("setting", default="unset")


class Busy(Exception):
    """Try again."""


class InlineJob(JobClass):
    """Everything that a job can do."""

    def __init__(self) -> None:
        self.greeting = "hello"

    @job
    def note(self, text: str) -> str:
        """Note it."""
        calls.append(text)
        return f"{self.greeting} {text}"

    @job(retries=3, retry_delay=3600, backoff="Exponential")
    def fail(self, times: int) -> int:
        """Fail that often, and tell the attempt that did not."""
        attempt = current_job().attempt
        calls.append(attempt)
        print(f"printed in attempt {attempt}")
        current_job().log(f"logged in attempt {attempt}")
        if attempt <= times:
            raise Busy("not yet")
        return attempt

    @job
    def later(self, seconds: int) -> str:
        """Ask to be tried again, once."""
        if current_job().attempt == 1:
            raise RetryLater(seconds)
        return "done"

    @job
    def give_up(self) -> None:
        """Fail for good."""
        raise Fatal("no such customer")

    @job
    def exit(self) -> None:
        """Leave as scripts do."""
        raise SystemExit(3)

    @job
    def large(self) -> str:
        """Return more than a receipt holds."""
        return "x" * 5000

    @job
    async def wait(self, seconds: float) -> str:
        """Wait in a loop of its own."""
        await asyncio.sleep(seconds)
        calls.append(current_job().name)
        return setting.get()

    @job(retries=0)
    def interrupt(self) -> None:
        """Be interrupted by the user in the first attempt."""
        calls.append(current_job().attempt)
        if current_job().attempt == 1:
            raise KeyboardInterrupt

    @job
    def nested(self, depth: int) -> int:
        """Submit one of its own kind, which runs after this one."""
        calls.append(f"begin {depth}")
        if depth:
            handle = InlineJob.nested.later(depth=depth - 1)
            assert not handle.refresh().done
        calls.append(f"end {depth}")
        return depth

    @job
    def fan_out(self, count: int) -> None:
        """Submit from threads of its own, and wait for these."""
        threads = [
            threading.Thread(target=lambda number=number: InlineJob.note.later(text=str(number)))
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        calls.append("joined")

    @job(timeout=1)
    def slow(self) -> bool:
        """Take longer than it may, by the clock of the test."""
        calls.append("slow")
        return current_job().stopping

    @job
    def context(self) -> str:
        """What the caller has set."""
        setting.set(setting.get() + " and changed")
        return threading.current_thread().name

    @job
    def secret(self, token: str) -> str:
        """Give a secret away."""
        calls.append(token)
        return f"token {token}"
