"""Local mode and inline do what a cluster does: tests/support/conformance.py, here without a cluster."""

from conformance import *  # noqa: F403  its tests are collected here
