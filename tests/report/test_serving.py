"""The live server: three addresses, one machine, nothing of the disk by name."""

import http.client
import json
import socket
import threading

import pytest

from condenslab import report
from condenslab.errors import UserError
from condenslab.sweeps import Record, Run, Store

SECRET = "the secret of the file"
DONE = {"done": 1, "diverged": 0, "failed": 0}


def a_run(seed):
    return Run("a study that is gone", 1, "quick", seed, {}, {}, None, ["r0"], DONE, [], [], {})


@pytest.fixture
def server(tmp_path):
    """A server of a store with one record, beside and inside which lie files that are nobody's business."""
    store = Store(tmp_path / "runs", create=True)
    store.add([Record("toy", "r0", {"seed": 0}, "done")])
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "runs" / "inside.txt").write_text(SECRET)
    (tmp_path / "runs" / "link.html").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "runs" / "up").symlink_to(tmp_path)
    with report.LiveServer(tmp_path / "runs") as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, path="/", method="GET", **headers):
    """Sends the path as it is: a client's own tidying would hide what is tried."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, content in headers.items():
        connection.putheader(name, content)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body.decode()


def test_it_says_how_the_store_stands(server):
    answer, body = ask(server)
    assert answer.status == 200 and "1 of 1 cases are there" in body and "No run has finished yet" in body
    answer, body = ask(server, "/status.json")
    assert [(row["study"], row["done"]) for row in json.loads(body)] == [("toy", 1)]


def test_the_atlas_follows_the_store(server):
    assert ask(server, "/atlas.html")[0].status == 503
    server.store.add_run(a_run(0))
    answer, first = ask(server, "/atlas.html")
    assert answer.status == 200 and first.lstrip().startswith("<!DOCTYPE html>") and "seed 0" in first
    server.store.add_run(a_run(1))
    assert "seed 1" in ask(server, "/atlas.html")[1]
    assert "2 finished runs" in ask(server)[1]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/inside.txt",
        "/runs/inside.txt",
        "/link.html",
        "/up/secret.txt",
        "/store.json",
        "/shards/",
        "//etc/passwd",
        "/atlas.html/../inside.txt",
        "/atlas.html?../inside.txt",
        "/atlas.html%00.txt",
        "\\..\\secret.txt",
        "http://127.0.0.1/secret.txt",
        "/" + "a" * 5000,
    ],
)
def test_no_file_can_be_asked_for(server, path):
    answer, body = ask(server, path)
    assert answer.status in (400, 404, 421) and SECRET not in body and "root:" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example", "", "[::1]"]
)
def test_another_host_s_name_is_refused(server, host):
    answer, body = ask(server, "/status.json", Host=host)
    assert answer.status == 421 and "toy" not in body


def test_its_own_names_are_known(server):
    for name in ("127.0.0.1", "localhost"):
        assert ask(server, Host=f"{name}:{server.server_port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_nothing_can_be_changed(server, method):
    assert ask(server, "/", method)[0].status == 501


def test_a_head_has_no_body(server):
    answer, body = ask(server, "/", "HEAD")
    assert answer.status == 200 and body == "" and int(answer.headers["Content-Length"]) > 100


def test_every_answer_forbids_what_is_not_needed(server):
    for path in ("/", "/status.json", "/nothing"):
        headers = ask(server, path)[0].headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert "Python" not in headers["Server"] and "Access-Control-Allow-Origin" not in headers


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_store_is_only_read(server, tmp_path):
    server.store.add_run(a_run(0))
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "runs").rglob("*"))
    for path in ("/", "/atlas.html", "/status.json"):
        ask(server, path)
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "runs").rglob("*")) == before


def test_a_damaged_file_is_said(server, tmp_path):
    (shard,) = (tmp_path / "runs" / "shards").glob("*.jsonl")
    shard.write_text("broken")
    assert "damaged" in ask(server)[1]


def test_a_port_that_is_taken_or_none_is_a_mistake_of_the_request(tmp_path):
    Store(tmp_path / "runs", create=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="cannot be had"):
            report.LiveServer(tmp_path / "runs", port=taken.getsockname()[1])
    with pytest.raises(UserError, match="cannot be had"):
        report.LiveServer(tmp_path / "runs", port=70_000)
    with pytest.raises(UserError, match="there is no store"):
        report.LiveServer(tmp_path / "none")
