"""Django's command line, for the shop."""

import sys

import shop  # noqa: F401  its settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
