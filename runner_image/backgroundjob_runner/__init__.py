"""Runs one Class.method(params) and writes a receipt. Standard library only.

`contract` is the protocol, `context` what the running method may ask; the rest is the runner's own.
Nothing here imports asyncio, logging, inspect, typing or dataclasses before user code does.
"""
