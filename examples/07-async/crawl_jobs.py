"""A job that awaits many things at once, and cleans up when it is cancelled."""

import asyncio

from backgroundjob import JobClass, current_job, job


class CrawlJob(JobClass):
    """Fetches pages."""

    @job(timeout="1m")
    async def pages(self, count: int, seconds: float = 0.1) -> dict[str, int]:
        """Pretend to fetch `count` pages, ten at a time; each takes `seconds`."""
        places = asyncio.Semaphore(10)

        async def fetch(number: int) -> int:
            async with places:
                await asyncio.sleep(seconds)  # here a real job would await an answer
                return number * 100

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(number)) for number in range(count)]
        except asyncio.CancelledError:
            # cancel(), a timeout, or a node that is drained: some seconds are left to end well.
            current_job().log("cancelled: closing connections")
            raise
        return {"pages": len(tasks), "bytes": sum(task.result() for task in tasks)}
