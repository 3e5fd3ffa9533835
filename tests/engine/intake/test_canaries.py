"""A canary that cannot sing proves nothing: an ordinary unpickler disturbs the ones that say so.

This is the only place where such a pickle is obeyed: ours, in a child that forks once for each, in a folder of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from hostile import Canary, corpus, pickle_code
from hostile.case import Listener
from hostile.names import Name, all_names

OBEY = """
import io, json, os, pickle, signal, sys
for path in json.loads(sys.argv[1]):
    if os.fork() == 0:
        signal.alarm(60)
        sys.stdout = io.StringIO()
        try:
            pickle.loads(open(path, "rb").read())
        finally:
            os._exit(0)
    else:
        os.wait()
"""

KNOCKING = {
    "socket.create_connection",
    "urllib.request.urlopen",
    "telnetlib.Telnet",
    "smtplib.SMTP",
    "ftplib.FTP.connect",
}


def test_that_the_corpus_is_large_and_its_names_differ() -> None:
    cases = corpus()
    assert len(cases) >= 500
    assert len({(case.group, case.name) for case in cases}) == len(cases)
    assert len({name.label for name in all_names()}) >= 60


def test_that_the_canaries_sing_where_a_pickle_is_obeyed(tmp_path: Path) -> None:
    names = [name for name in all_names() if name.sings]
    listener = Listener()
    canaries = [Canary.laid(tmp_path / str(i), listener.port) for i in range(len(names))]
    paths = [_written(name, canary) for name, canary in zip(names, canaries, strict=True)]
    child = subprocess.Popen([sys.executable, "-c", OBEY, json.dumps(paths)])
    try:
        knocks = _knocks_until_the_end(child, listener)
    finally:
        child.kill()
        child.wait()
        listener.close()
    silent = {name.label for name, canary in zip(names, canaries, strict=True) if not canary.has_sung()}
    assert silent == KNOCKING
    assert knocks >= len(KNOCKING)


def _knocks_until_the_end(child: subprocess.Popen[bytes], listener: Listener) -> int:
    """Who knocks is sent away at once, or would wait for a greeting."""
    knocks = 0
    while child.poll() is None:
        knocks += listener.knocks()
        time.sleep(0.01)
    return knocks + listener.knocks()


def _written(name: Name, canary: Canary) -> str:
    path = canary.stays.with_name("payload.pkl")
    path.write_bytes(pickle_code.whole(name.payload(canary, max(name.least, 2)), max(name.least, 2)))
    return str(path)
