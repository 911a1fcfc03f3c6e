"""docs/concepts.md runs inline."""

from tests.docs.pages.inline_page import around

__all__ = ["around"]
