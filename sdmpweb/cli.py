"""The `sdmpweb` command."""

import os
import sys


def main() -> None:
    """Run the command of `sys.argv` and exit with 0, 1 (it failed) or 2 (wrong use)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
