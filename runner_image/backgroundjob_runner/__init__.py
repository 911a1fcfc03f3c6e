"""Runs one Class.method(params) and writes a receipt. Standard library only."""
