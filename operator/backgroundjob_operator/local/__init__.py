"""Local mode: the engine over objects in SQLite and Jobs that are processes of this machine."""
