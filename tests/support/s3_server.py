"""A bucket on loopback that keeps objects in memory and can misbehave on demand.

It checks no signature (tests/s3/radosgw_test.py runs against a server that does); it honours
If-None-Match as Amazon S3 does and counts connections and stored objects.
"""

import urllib.parse

from http_service import Handler, Service, say

ERROR = "<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>{}</Code><Message>{}</Message>{}</Error>"


class _Handler(Handler):
    def date_time_string(self, timestamp=None):
        return self.service.date or super().date_time_string(timestamp)

    def do_PUT(self):
        bucket = self.service
        self.body = self.body_sent()
        if len(self.body) != int(self.headers.get("Content-Length", 0)):
            self.close_connection = True  # killed while it sent
            return
        with bucket.lock:
            bucket.asked.append((self.path, dict(self.headers)))
            fault = bucket.faults.pop(0) if bucket.faults else bucket.always
        if fault is None or not fault(self):
            self.store()

    def do_GET(self):
        """An object; or, at the bucket, ListObjectsV2: a page of two keys each time."""
        bucket = self.service
        path, _, query = self.path.partition("?")
        with bucket.lock:
            bucket.asked.append((self.path, dict(self.headers)))
            fault = bucket.faults.pop(0) if bucket.faults else bucket.always
        if fault is not None and fault(self):
            return
        if query:
            self.answer(200, bucket.page(path, dict(urllib.parse.parse_qsl(query))))
        elif path in bucket.objects:
            self.answer(200, bucket.objects[path])
        else:
            self.answer(404, ERROR.format("NoSuchKey", "told by the test", ""))

    def store(self):
        bucket = self.service
        with bucket.lock:
            if self.headers.get("If-None-Match") == "*" and self.path in bucket.objects:
                bucket.refused_twice += 1
                status = 412
            else:
                bucket.objects[self.path] = self.body
                bucket.stored.append(self.path)
                status = 200
        self.answer(status, b"", [("ETag", '"e"')] if status == 200 else [])


class S3Server(Service):
    """with S3Server(faults=[fault, ...]) as bucket: a fault answers one request, in order."""

    def __init__(self, faults=(), always=None, date=None, port=0, certificate=None):
        super().__init__(_Handler, port, certificate)  # asked: (path, headers)
        self.objects = {}  # path as it was sent -> body
        self.stored = []   # paths in the order of arrival, once for each time one was written
        self.faults = list(faults)
        self.always = always  # a fault for all requests after those
        self.date = date      # what the server believes the time to be
        self.refused_twice = 0


    def page(self, bucket, query):
        keys = sorted(path.removeprefix(bucket) for path in self.objects)
        keys = [key for key in keys if key.startswith(query.get("prefix", ""))]
        first = int(query.get("continuation-token", 0))
        more = first + 2 < len(keys)
        token = f"<NextContinuationToken>{first + 2}</NextContinuationToken>" if more else ""
        contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys[first:first + 2])
        return ("<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>")


# Faults beside those of http_service.

def refuse(status, code, *, region="", headers=(), message="told by the test"):
    body = ERROR.format(code, message, f"<Region>{region}</Region>" if region else "").encode()
    return say(status, body, headers)


def store_and_hang_up(request):
    """The object is there, and nobody is told."""
    with request.service.lock:
        request.service.objects.setdefault(request.path, request.body)
        request.service.stored.append(request.path)
    request.close_connection = True
    return True
