"""UNIX sockets: listening at a path, and JSON objects, one to a line, asked and answered."""

import json
import pathlib
import selectors
import socket


def listen(path):
    pathlib.Path(path).unlink(missing_ok=True)  # of a process that was killed
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def serve_json(selector, listener, answer):
    """What answer(question) returns or raises goes back to who asked."""
    def accept():
        connection, _ = listener.accept()
        received = bytearray()

        def receive():
            try:
                data = connection.recv(65536)
            except OSError:
                data = b""
            if not data:
                selector.unregister(connection)
                connection.close()
                return
            received.extend(data)
            *lines, rest = received.split(b"\n")
            received[:] = rest
            for line in lines:
                try:
                    reply = answer(json.loads(line))
                except Exception as error:
                    reply = {"error": repr(error)}
                connection.sendall(json.dumps(reply).encode() + b"\n")
        selector.register(connection, selectors.EVENT_READ, receive)
    selector.register(listener, selectors.EVENT_READ, accept)


def ask_json(path, question):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps(question).encode() + b"\n")
        return json.loads(connection.makefile().readline())
