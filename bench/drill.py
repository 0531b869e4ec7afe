"""`make drill`: a node is backed up while it runs, destroyed, and restored on another port.

Its accounts and those of its peers, all real processes on loopback, write to each other before
the backup, while it is made, after it, and while the node is gone. Then everything has to be there,
once each, and no peer may have seen a fork. A table says what was checked; the exit status is 1
when something is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.support.nodes import NodeProcess, Services, Shape
from tests.support.scenario import Cast, Person, befriend, check_lines, eventually
from tests.support.services import PostgreSQL, Redis

PASSPHRASE: Final = "correct horse battery staple"
_SETTINGS: Final = {"SDMPWEB_BACKUP_PASSPHRASE": PASSPHRASE}
_FORK: Final = ("rewritten its journal", "does not chain")
_COUNTS: Final = """
import json
from journal.models import Resource
from mail.models import Delivery, Letter, OwedReceipt
from nodes.models import Account, Peer
found = {}
for account in Account.objects.filter(is_echo=False):
    letters = Letter.objects.filter(account=account)
    sealed = Resource.objects.filter(author=account.fingerprint, kind="encrypted")
    found[account.username] = {
        "sent": letters.filter(outgoing=True).count(),
        "came": letters.filter(outgoing=False).count(),
        "received": Delivery.objects.filter(letter__in=letters, state="received").count(),
        "sealed": sealed.count(),
    }
found["forks"] = Peer.objects.exclude(rewritten=None).count()
found["owed"] = OwedReceipt.objects.count()
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was checked."""

    what: str
    expected: int
    found: int
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it is as it has to be."""
        return self.expected == self.found


class Drill:
    """One run: a home with accounts, its peers, and how many letters go in each part."""

    def __init__(
        self, cast: Cast, shape: Shape, *, accounts: int, peers: int, letters: int, patience: float
    ) -> None:
        self._cast = cast
        self._shape = shape
        self._patience = patience
        self._letters = letters
        self._accounts_wanted = accounts
        self._peers_wanted = peers
        self._sent: dict[str, set[str]] = {}
        self._came: dict[str, set[str]] = {}
        self._in_backup: dict[str, dict[str, Any]] = {}
        self._log = Console(stderr=True)
        self.rows: list[Row] = []
        self.peers: list[Person] = []
        self.people: list[Person] = []

    def run(self) -> list[Row]:
        """Do all of it, and give what was checked."""
        self._timed("nodes made and running, all know each other", self._make)
        half, quarter = self._letters // 2, self._letters // 4
        self._timed("letters before the backup", lambda: self._write("before", half, half))
        backup = self._cast.directory / "home.backup"
        self._timed("backed up while letters go", lambda: self._back_up(backup, quarter // 2))
        rest = quarter - quarter // 2
        self._timed("letters after the backup", lambda: self._write("after", rest, rest))
        former = self.people[0].node_fingerprint
        journals = {person.username: person.journal() for person in self.peers}
        self._timed("killed, and its data removed", self._destroy)
        last = self._letters - half - quarter
        self._timed("letters while it is gone", lambda: self._send_to_home("meanwhile", last))
        self._timed("restored on another port", lambda: self._restore(backup))
        self._timed("caught up with its peers", self._wait)
        self._timed("all letters there, all receipts", self._wait_for_letters)
        self._timed("letters both ways afterwards", lambda: self._write("later", 6, 6))
        self._check(former, journals)
        return self.rows

    # What happens

    def _make(self) -> int:
        owner = self._cast.person("home", self._shape, settings=_SETTINGS)
        names = [f"account{number}" for number in range(2, self._accounts_wanted + 1)]
        self.people = [owner, *(self._cast.account(owner, name) for name in names)]
        self.peers = [self._cast.person(f"peer{n + 1}") for n in range(self._peers_wanted)]
        for person, peer in itertools.product(self.people, self.peers):
            befriend(person, peer)
        for one in (*self.people, *self.peers):
            self._sent[one.username], self._came[one.username] = set(), set()
        owner.node.start()
        for peer in self.peers:
            peer.node.start()
        return len(self.peers) + 1

    def _back_up(self, file: Path, letters: int) -> int:
        senders = self._begin("during", letters, self.peers, self.people)
        self.people[0].node.command("backup", str(file))
        return self._finish(senders)

    def _write(self, title: str, from_home: int, from_peers: int) -> int:
        """Let half of the letters go each way, and wait until all are receipted."""
        senders = self._begin(title, from_peers // 2, self.peers, self.people)
        sent = self._finish(senders)
        sent += self._finish(
            self._begin(title, from_home - from_home // 2, self.people, self.peers)
        )
        self._wait_for_letters()
        return sent

    def _send_to_home(self, title: str, letters: int) -> int:
        return self._finish(self._begin(title, letters, self.peers, self.people))

    def _begin(
        self, title: str, letters: int, writers: list[Person], readers: list[Person]
    ) -> list[tuple[Person, Person, int]]:
        """Say who writes how many letters to whom, the same number to each as far as it goes."""
        pairs = list(itertools.product(writers, readers))
        shares = [letters // len(pairs) + (n < letters % len(pairs)) for n in range(len(pairs))]
        plan = [(w, r, share) for (w, r), share in zip(pairs, shares, strict=True) if share]
        for writer, reader, share in plan:
            writer.console.begin(
                send=share, username=writer.username, to=[reader.user],
                title=f"{title} of {writer.username} to {reader.username}", pause=0,
            )  # fmt: skip
        return plan

    def _finish(self, plan: list[tuple[Person, Person, int]]) -> int:
        sent = 0
        for writer, reader, _ in plan:
            identifiers = set(writer.console.finish()["sent"])
            self._sent[writer.username] |= identifiers
            self._came[reader.username] |= identifiers
            sent += len(identifiers)
        return sent

    def _destroy(self) -> int:
        home = self.people[0]
        home.node.kill()
        home.console.kill()
        shutil.rmtree(home.node.data)
        return 1

    def _restore(self, file: Path) -> int:
        node = self._cast.node("restored", self._shape, settings=_SETTINGS)
        assert node.port != self.people[0].node.port
        said = node.command("restore", str(file))
        self._log.print(said.strip(), style="dim", highlight=False)
        console = self._cast.console(node)
        self.people = [Person(node, p.username, p.user, console) for p in self.people]
        self._in_backup = {p.username: console.ask(count=p.username) for p in self.people}
        node.start()
        return 1

    def _wait(self) -> int:
        home = self.people[0]
        eventually(lambda: "restored" not in home.status(), "it has caught up", self._patience)
        return len(self.peers)

    def _wait_for_letters(self) -> int:
        for person in (*self.people, *self.peers):
            sent, came = len(self._sent[person.username]), len(self._came[person.username])
            eventually(
                lambda p=person, s=sent, c=came: self._has(p, s, c),  # type: ignore[misc]
                f"{person.username} has {came} letters, and receipts for {sent}",
                self._patience,
            )
        return sum(map(len, self._sent.values()))

    def _has(self, person: Person, sent: int, came: int) -> bool:
        found = person.console.ask(count=person.username)
        return bool(found["incoming"] >= came and found["received"] >= sent)

    # What is checked

    def _check(self, former: str, journals: dict[str, list[str]]) -> None:
        begun = time.monotonic()
        home = self.people[0]
        counts = _counts(home)
        for person in self.people:
            name, found = person.username, counts[person.username]
            sent, came = len(self._sent[name]), len(self._came[name])
            held = {letter["resource"] for letter in person.letters()}
            self._row(f"{name}: letters that were written", sent, found["sent"])
            self._row(f"{name}: letters that came", came, found["came"])
            wanted = self._sent[name] | self._came[name]
            lost = sent + came - self._in_backup[name]["letters"]
            came_back = found["sent"] + found["came"] - self._in_backup[name]["letters"]
            self._row(f"{name}: of these not in the backup", lost, came_back)
            self._row(f"{name}: the very ones", len(wanted), len(wanted & held))
            self._row(f"{name}: receipts for its letters", sent, found["received"])
            self._row(f"{name}: one receipt for each that came", came, found["sealed"] - sent)
        self._row("receipts still owed", 0, counts["owed"])
        for peer in self.peers:
            name, theirs = peer.username, _counts(peer)
            found = theirs[name]
            sent, came = len(self._sent[name]), len(self._came[name])
            self._row(f"{name}: letters that came", came, found["came"])
            self._row(f"{name}: receipts for its letters", sent, found["received"])
            self._row(f"{name}: journals that it saw rewritten", 0, theirs["forks"])
            before = journals[name]
            kept = peer.journal()[: len(before)] == before
            self._row(f"{name}: its journal goes on from where it was", 1, int(kept))
            knows = all(home.node_fingerprint in peer.nodes_of(person) for person in self.people)
            self._row(f"{name}: knows the new key", 1, int(knows))
        everyone = [home, *self.peers]
        forks = sum(p.node.read_log().count(words) for p in everyone for words in _FORK)
        self._row("words of a fork in the logs", 0, forks)
        for person in everyone:
            person.command("verify_journal")
            check_lines(person.journal())
        self._row("journals that verify", len(everyone), len(everyone))
        self._row("the node has a new key", 1, int(home.node_fingerprint != former))
        self._row("its journal begins with it", 1, int(home.journal()[0] == home.node_fingerprint))
        self.rows.append(Row("checks made", 1, 1, time.monotonic() - begun))

    def _row(self, what: str, expected: int, found: int) -> None:
        self.rows.append(Row(what, expected, found))

    def _timed(self, what: str, do: Callable[[], int]) -> None:
        begun = time.monotonic()
        count = do()
        seconds = time.monotonic() - begun
        self.rows.append(Row(what, count, count, seconds))
        self._log.print(f"{what}: {count} in {seconds:.1f} s", style="dim", highlight=False)


def _counts(person: Person) -> dict[str, Any]:
    # Django's shell says first what it has imported by itself.
    said = person.node.command("shell", "-c", _COUNTS).strip().splitlines()
    found: dict[str, Any] = json.loads(said[-1])
    return found


def show(rows: list[Row]) -> None:
    """Print what was checked."""
    table = Table("checked", "expected", "found", "seconds", "")
    for row in rows:
        seconds = f"{row.seconds:.1f}" if row.seconds else ""
        table.add_row(
            row.what, str(row.expected), str(row.found), seconds, "" if row.good else "MISSING"
        )
    Console().print(table)


@contextlib.contextmanager
def _servers(shape: Shape, directory: Path) -> Iterator[Services | None]:
    if shape == "embedded":
        yield None
        return
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdmpweb-drill-")))
        postgresql = stack.enter_context(PostgreSQL(place))
        (directory / "redis").mkdir()
        redis = stack.enter_context(Redis(directory / "redis"))
        yield Services(postgresql, redis)


def main() -> None:
    """Run the drill that the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill", description=__doc__)
    parser.add_argument("--shape", choices=("embedded", "grown"), default="embedded")
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--peers", type=int, default=5)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--patience", type=float, default=900, help="seconds for each part")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sdmpweb-drill-") as name,
        _servers(chosen.shape, Path(name)) as services,
    ):
        numbers = itertools.count()

        def make_node(called: str, shape: Shape = "embedded", **options: Any) -> NodeProcess:
            place = Path(name) / f"{called}-{next(numbers)}"
            given = services if shape == "grown" else None
            return NodeProcess(place, shape, services=given, plain=True, **options)

        cast = Cast(Path(name), make_node)
        try:
            rows = Drill(
                cast, chosen.shape, accounts=chosen.accounts, peers=chosen.peers,
                letters=chosen.letters, patience=chosen.patience,
            ).run()  # fmt: skip
        finally:
            cast.end()
    show(rows)
    sys.exit(0 if all(row.good for row in rows) else 1)


if __name__ == "__main__":
    main()
