"""What turns: wiring, the loop, the actuator, live configuration, probes, metrics and the log."""
