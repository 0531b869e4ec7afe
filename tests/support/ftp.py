"""A small FTP server (RFC 959, 2428, 3659): a place elsewhere that fsspec reaches as it is."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, PASSWORD = "olga", "gEheim-77"


@dataclass(frozen=True, slots=True)
class FtpPlace:
    """Where the server is reached with name and password, and what it keeps."""

    url: str
    directory: Path


@contextmanager
def serving(directory: Path) -> Iterator[FtpPlace]:
    """Serve the files of a directory until the block ends."""
    with _Server(directory) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            port = server.server_address[1]
            yield FtpPlace(f"ftp://{USER}:{PASSWORD}@127.0.0.1:{port}", directory)
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.directory = directory


class _Session(socketserver.StreamRequestHandler):
    """One client: a line is a command, and a method of its name answers it."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        # The end of "ABOR" comes as urgent data.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.door: socket.socket | None = None
        self.name, self.signed_in, self.at, self.renamed = "", False, 0, Path()
        self.say("220 here")
        for line in self.rfile:
            command, _, argument = line.decode().rstrip("\r\n").partition(" ")
            answer: Any = getattr(self, f"do_{command.lower()}", None)
            if answer is None:
                self.say("502 unknown")
            elif not self.signed_in and command not in ("USER", "PASS", "QUIT"):
                self.say("530 sign in first")
            else:
                try:
                    answer(argument)
                except OSError as error:
                    self.say(f"550 {type(error).__name__}")
            if command == "QUIT":
                break

    def finish(self) -> None:
        if self.door is not None:
            self.door.close()
        super().finish()

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def path(self, argument: str) -> Path:
        directory: Path = self.server.directory  # type: ignore[attr-defined]
        return directory / argument.lstrip("/")

    def data(self) -> socket.socket:
        assert self.door is not None
        self.say("150 go on")
        connection, _ = self.door.accept()
        self.door.close()
        self.door = None
        return connection

    def do_user(self, argument: str) -> None:
        self.name = argument
        self.say("331 and the password")

    def do_pass(self, argument: str) -> None:
        self.signed_in = (self.name, argument) == (USER, PASSWORD)
        self.say("230 come in" if self.signed_in else "530 no")

    def do_type(self, _: str) -> None:
        self.say("200 all is bytes")

    def do_epsv(self, _: str) -> None:
        self.do_pasv("", "229 at (|||{port}|)")

    def do_pasv(self, _: str, words: str = "227 at (127,0,0,1,{high},{low})") -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        port = self.door.getsockname()[1]
        self.say(words.format(port=port, high=port // 256, low=port % 256))

    def do_rest(self, argument: str) -> None:
        self.at = int(argument)
        self.say("350 from there")

    def do_mlsd(self, argument: str) -> None:
        rows = [
            f"type={'dir' if each.is_dir() else 'file'};size={each.stat().st_size}; {each.name}\r\n"
            for each in self.path(argument).iterdir()
        ]
        with self.data() as connection:
            connection.sendall("".join(rows).encode())
        self.say("226 that is all")

    def do_retr(self, argument: str) -> None:
        content = self.path(argument).read_bytes()[self.at :]
        self.at = 0
        with self.data() as connection:
            try:
                connection.sendall(content)
            except ConnectionError:
                self.say("426 you left")
                return
        self.say("226 that is all")

    def do_stor(self, argument: str) -> None:
        with self.path(argument).open("r+b" if self.at else "wb") as file:
            file.seek(self.at)
            self.at = 0
            with self.data() as connection:
                while piece := connection.recv(65536):
                    file.write(piece)
        self.say("226 it is kept")

    def do_abor(self, _: str) -> None:
        self.say("226 stopped")

    def do_rnfr(self, argument: str) -> None:
        self.renamed = self.path(argument)
        self.renamed.stat()
        self.say("350 to what")

    def do_rnto(self, argument: str) -> None:
        self.renamed.rename(self.path(argument))
        self.say("250 done")

    def do_dele(self, argument: str) -> None:
        self.path(argument).unlink()
        self.say("250 done")

    def do_quit(self, _: str) -> None:
        self.say("221 bye")
