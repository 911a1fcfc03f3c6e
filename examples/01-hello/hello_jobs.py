"""The smallest job: a class, a method, type hints."""

from backgroundjob import JobClass, job


class HelloJob(JobClass):
    """Says hello."""

    @job
    def greet(self, name: str) -> str:
        """Greet somebody."""
        return f"Hello, {name}!"
