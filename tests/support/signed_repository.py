"""What packaging/make-repository makes, signed by a key of its own, and a server for it on loopback."""

import contextlib
import functools
import http.server
import os
import subprocess
import threading

from debian_root import SOURCE, run


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(directory):
    handler = functools.partial(Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Repository:
    def __init__(self, directory):
        self.path = directory / "repository"
        keys = directory / "keys"
        keys.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(keys)}
        run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "efa-doctor-test", "rsa3072",
            "sign", env=self.environment)

    def close(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environment, check=False)

    def make(self, url, *packages):
        run(SOURCE / "packaging/make-repository", self.path, "efa-doctor-test", url, *packages,
            env=self.environment)


def change(file):
    """A bit of it."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
