"""Jobs that a page names and examples/ does not have."""


class ExampleJob:
    """Takes two positional arguments, as on the page."""

    def handle(self, first: str, second: str) -> list[str]:
        return [first, second]
