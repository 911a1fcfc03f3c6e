"""The pure core: (what was seen, now) -> what to do. No I/O, no clock, no randomness in here."""
