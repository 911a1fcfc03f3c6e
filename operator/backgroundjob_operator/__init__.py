"""The operator: decides what each BackgroundJob needs next, and does it."""
