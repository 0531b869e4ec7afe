"""A node for the tests of pages: people move in by commands that cost no start of a process."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support.console import Console
from tests.support.nodes import NodeProcess


class House(NodeProcess):
    """A node whose commands are run one after another by a process that stays until it ends."""

    def __init__(self, directory: Path, **options: Any) -> None:
        super().__init__(directory, **options)
        self._console: Console | None = None

    def command(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run a command as `NodeProcess.command` does."""
        if self._console is None:
            self.prepare()
            self._console = Console(self)
        return self._console.command(*arguments, stdin=stdin, status=status)

    def move_in(
        self,
        people: Mapping[str, str],
        password: str,
        *,
        name: str = "hearth",
        friends: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Make a node and accounts on it, and let some know each other.

        Args:
            people: usernames and names, the owner first, who is called by the username.
            password: what all of them sign in with.
            name: the node's name.
            friends: who adds whose card, usernames.

        Returns:
            The recovery phrase of the owner.
        """
        secret = self.data.parent / "password"
        secret.write_text(password)
        with_password = ("--password-file", str(secret))
        owner, *others = people
        said = self.command("init_node", "--name", name, "--owner", owner, *with_password)
        for one in others:
            self.command("create_account", one, "--name", people[one], *with_password)
        for one, other in friends:
            self.command("add_contact", one, "-", stdin=self.command("export_card", other))
        return said.rpartition(": ")[2].strip()

    def stop(self) -> None:
        """End the node as an owner would, and the process of its commands."""
        self._end_console()
        super().stop()

    def kill(self, *names: str) -> None:
        """End processes with SIGKILL: those named, otherwise all, that of the commands too."""
        if not names:
            self._end_console()
        super().kill(*names)

    def _end_console(self) -> None:
        if self._console is not None:
            self._console.kill()
            self._console = None
