"""Always fails."""


class BrokenOrderError(ValueError):
    """The order cannot be processed."""


class FailingJob:
    """Jobs that cannot succeed."""

    def run(self) -> None:
        """Raise, at every attempt."""
        raise BrokenOrderError("order 17 has no customer")
