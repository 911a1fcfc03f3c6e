"""What `helm test` runs: the whole way of a job, and no effect."""


class SelfTest:
    """Allowed as backgroundjob.SelfTest.run while the chart's value test.enabled is true."""

    @staticmethod
    def run() -> None:
        """Do nothing."""
