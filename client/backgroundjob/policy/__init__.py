"""Rules that the operator applies and the client can foretell: effective values and retry delays. Pure."""
