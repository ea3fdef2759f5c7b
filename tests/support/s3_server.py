"""A bucket on loopback that keeps objects in memory and can misbehave on demand.

It checks no signature (tests/s3/radosgw_test.py runs against a server that does); it honours
If-None-Match as Amazon S3 does and counts connections and stored objects.
"""

import http.server
import ssl
import threading

ERROR = "<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>{}</Code><Message>{}</Message>{}</Error>"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    wbufsize = -1                   # an answer is one packet

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return self.server.bucket.date or super().date_time_string(timestamp)

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        bucket = self.server.bucket
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if len(self.body) != int(self.headers.get("Content-Length", 0)):
            self.close_connection = True  # killed while it sent
            return
        with bucket.lock:
            bucket.asked.append((self.path, dict(self.headers)))
            fault = bucket.faults.pop(0) if bucket.faults else bucket.always
        if fault is None or not fault(self):
            self.store()

    def store(self):
        bucket = self.server.bucket
        with bucket.lock:
            if self.headers.get("If-None-Match") == "*" and self.path in bucket.objects:
                bucket.refused_twice += 1
                status = 412
            else:
                bucket.objects[self.path] = self.body
                bucket.stored.append(self.path)
                status = 200
        self.answer(status, b"", [("ETag", '"e"')] if status == 200 else [])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def process_request(self, request, client_address):
        self.bucket.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_):  # a client that is killed is what is tested
        pass


class S3Server:
    """with S3Server(faults=[fault, ...]) as bucket: a fault answers one request, in order."""

    def __init__(self, faults=(), always=None, date=None, port=0, certificate=None):
        self.objects = {}  # path as it was sent -> body
        self.stored = []   # paths in the order of arrival, once for each time one was written
        self.asked = []    # (path, headers)
        self.faults = list(faults)
        self.always = always  # a fault for all requests after those
        self.date = date      # what the server believes the time to be
        self.refused_twice = 0
        self.connections = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.bucket = self
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        if certificate is not None:  # (certificate, key): files
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, certificate))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.endpoint = f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# Faults: called with the request, true when they have answered it.

def refuse(status, code, *, region="", headers=(), message="told by the test"):
    body = ERROR.format(code, message, f"<Region>{region}</Region>" if region else "").encode()

    def fault(request):
        request.answer(status, body, headers)
        return True
    return fault


def say(status, body=b"", headers=()):
    def fault(request):
        request.answer(status, body, headers)
        return True
    return fault


def hang(request):
    request.server.bucket.ended.wait(60)
    request.close_connection = True
    return True


def drip(request):
    """A byte now and then, for as long as somebody listens."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    request.wfile.flush()
    while not request.server.bucket.ended.wait(0.05):
        request.wfile.write(b"A")
        request.wfile.flush()
    request.close_connection = True
    return True


def endless(request):
    request.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    while not request.server.bucket.ended.is_set():
        request.wfile.write(b"<" * 65536)
    request.close_connection = True
    return True


def no_http(request):
    request.wfile.write(bytes(range(128, 256)) * 4)
    request.close_connection = True
    return True


def hang_up(request):
    request.close_connection = True
    return True


def store_and_hang_up(request):
    """The object is there, and nobody is told."""
    with request.server.bucket.lock:
        request.server.bucket.objects.setdefault(request.path, request.body)
        request.server.bucket.stored.append(request.path)
    request.close_connection = True
    return True
