"""Seeds a database with users, asynchronously."""

import asyncio

from backgroundjob import current_job


class SeedJob:
    """Seeding jobs."""

    async def users(self, count: int) -> dict[str, int]:
        """Pretend to insert `count` users, in batches of 100."""
        for first in range(0, count, 100):
            await asyncio.sleep(0)  # here a real job would await its database
            current_job().log(f"inserted {min(first + 100, count)} of {count} users")
        return {"users": count}
