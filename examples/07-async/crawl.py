"""Submits, follows and cancels jobs from asyncio."""

import asyncio

from crawl_jobs import CrawlJob


async def main() -> None:
    """Run one crawl to its end, and stop another."""
    short, long = await asyncio.gather(
        CrawlJob.pages.aio.later(count=20), CrawlJob.pages.aio.later(count=20, seconds=30)
    )
    print("short:", await short.aio.result(timeout="1m"))

    async for seen in long.aio.events(timeout="1m"):
        if seen.reason == "Running":
            await asyncio.sleep(1)  # let it fetch something
            await seen.aio.cancel()
        if seen.done:
            print("long:", seen.state)


asyncio.run(main())
