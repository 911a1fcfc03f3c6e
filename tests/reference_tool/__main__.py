"""Writes docs/reference.md from the code: `python -m tests.reference_tool` (`make reference`)."""

from tests.reference_tool.page import PAGE, render_page


def main() -> None:
    """Write the page."""
    PAGE.write_text(render_page())


if __name__ == "__main__":
    main()
