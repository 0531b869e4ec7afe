"""The project: settings, processes and the `sdmpweb` command."""

__version__ = "0.1.0"
