"""A store live in the browser of the same machine: how its requests stand, and the atlas of what has finished.

The server answers three addresses and reads nothing that a request names: no address is ever made a path. It listens on
127.0.0.1 alone, and refuses requests under another host's name (a page elsewhere that points its own name here).
"""

import json
import tempfile
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from condenslab.errors import UserError
from condenslab.report import wording
from condenslab.report.page import write
from condenslab.sweeps import Store, standing

_HOST = "127.0.0.1"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HTML = "text/html; charset=utf-8"


class LiveServer(ThreadingHTTPServer):
    """A read-only server of one store, on 127.0.0.1; `serve_forever` answers until `shutdown`.

    Attributes:
        store: The store.
        url: Its address.
    """

    daemon_threads = True

    def __init__(self, store_dir: str | Path, *, port: int = 0):
        """Binds the server.

        Args:
            store_dir: The store's folder.
            port: Where it listens; 0 for any free port.

        Raises:
            UserError: There is no store, or the port cannot be had.
        """
        self.store = Store(store_dir)
        self._folder = tempfile.TemporaryDirectory(prefix="condenslab-")
        self._lock, self._seen = threading.Lock(), ("", "")
        try:
            super().__init__((_HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            self._folder.cleanup()
            raise UserError(f"port {port} of {_HOST} cannot be had ({error}): choose another with --port") from error
        self.url = f"http://{_HOST}:{self.server_port}/"

    def server_close(self) -> None:
        """Ends it, with the page that it kept."""
        super().server_close()
        self._folder.cleanup()

    def page(self) -> bytes:
        """Returns the atlas, written anew where the store has changed.

        Raises:
            UserError: No run has finished, or a file is damaged.
        """
        with self._lock:
            path, now = Path(self._folder.name) / "atlas.html", self._state()
            if now != self._seen or not path.exists():
                write(self.store.path, path)
                self._seen = now
            return path.read_bytes()

    def _state(self) -> tuple[str, str]:
        runs = sorted(path.name for path in self.store.path.glob("runs/*.json"))
        return " ".join(runs), " ".join(path.name for path in self.store.shards())

    def live(self) -> bytes:
        """Returns the page that says how every request stands."""
        notes: list[str] = []
        rows = standing(self.store, notes.append)
        templates = Environment(
            loader=PackageLoader("condenslab.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        templates.filters["seconds"] = wording.seconds
        content = templates.get_template("live.html").render(
            name=self.store.path.resolve().name,
            rows=rows,
            notes=notes,
            done=sum(row.done + row.diverged for row in rows),
            cases=sum(row.cases for row in rows),
            finished=len(self.store.runs()),
            now=datetime.now(UTC).strftime("%H:%M:%S UTC"),
        )
        return content.encode()

    def status(self) -> bytes:
        """Returns how every request stands, as JSON: what `condenslab status --json` prints."""
        return json.dumps([asdict(row) for row in standing(self.store, lambda _: None)]).encode()


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of three addresses; `BaseHTTPRequestHandler` refuses every other method."""

    server_version = "condenslab"
    sys_version = ""
    timeout = 30

    @property
    def live(self) -> LiveServer:
        """The server that was asked."""
        assert isinstance(self.server, LiveServer)
        return self.server

    def do_GET(self) -> None:
        """Answers a request."""
        host = self.headers.get("Host", "")
        names = {f"{_HOST}:{self.live.server_port}", f"localhost:{self.live.server_port}"}
        if host not in names:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain; charset=utf-8", b"this is not that host\n")
            return
        made = {
            "/": (self.live.live, _HTML),
            "/atlas.html": (self.live.page, _HTML),
            "/status.json": (self.live.status, "application/json"),
        }.get(self.path)
        if made is None:
            self._answer(
                HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"there is /, /atlas.html and /status.json\n"
            )
            return
        try:
            content = made[0]()
        except UserError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", f"{error}\n".encode())
            return
        self._answer(HTTPStatus.OK, made[1], content)

    def do_HEAD(self) -> None:
        """Answers a request without the content."""
        self.do_GET()

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Says nothing: the terminal is the user's."""
