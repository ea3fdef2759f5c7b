"""An HTTP service on loopback that can misbehave on demand: what the tests' servers have in common."""

import http.server
import socket
import ssl
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """A request; `service` is the Service that it was sent to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    wbufsize = -1                   # an answer is one packet

    @property
    def service(self):
        return self.server.service

    def log_message(self, *_):
        pass

    def body_sent(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body=b"", headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def process_request(self, request, client_address):
        self.service.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_):  # a client that hangs up or is killed is what is tested
        pass


class Service:
    """with Service(handler) as service: ... service.endpoint"""

    def __init__(self, handler, port=0, certificate=None):
        self.asked = []  # what the handler keeps of each request
        self.connections = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", port), handler)
        self._server.service = self
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


def closed_port():
    """An address of loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# Faults: called with the request, true when they have answered it.

def say(status, body=b"", headers=()):
    def fault(request):
        request.answer(status, body, headers)
        return True
    return fault


def first_times(count, fault):
    """The fault so many times, then the answer."""
    left = [count]

    def some(request):
        left[0] -= 1
        return left[0] >= 0 and fault(request)
    return some


def hang(request):
    request.service.ended.wait(60)
    request.close_connection = True
    return True


def drip(request):
    """A byte at a time, for as long as somebody listens."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    request.wfile.flush()
    while not request.service.ended.wait(0.02):
        request.wfile.write(b"A")
        request.wfile.flush()
    request.close_connection = True
    return True


def endless(status):
    def fault(request):
        request.wfile.write(f"HTTP/1.1 {status} Endless\r\n\r\n".encode())
        while not request.service.ended.is_set():
            request.wfile.write(b"<" * 65536)
        request.close_connection = True
        return True
    return fault


def no_http(request):
    request.wfile.write(bytes(range(128, 256)) * 4)
    request.close_connection = True
    return True


def hang_up(request):
    request.close_connection = True
    return True
