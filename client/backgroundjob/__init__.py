"""Run `Class.method(params)` in the background, on Kubernetes or on this machine."""

__version__ = "0.1.0"
