#!/usr/bin/env python3
"""The `sdmpweb` command without installing it: `python manage.py COMMAND`."""

from sdmpweb.cli import main

if __name__ == "__main__":
    main()
