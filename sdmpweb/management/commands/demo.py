"""`sdmpweb demo`: two nodes to look at, with letters already exchanged."""

from typing import Any

from django.core.management.base import BaseCommand

from sdmpweb.demo import stage


class Command(BaseCommand):
    """Shows two nodes in a temporary directory, until SIGTERM or Ctrl-C."""

    help = "show two nodes that exchange letters, in a directory that is thrown away"

    def handle(self, *_: Any, **__: Any) -> None:
        """Show the demo; raises UserError when it cannot start."""
        stage.run(self._tell)

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
