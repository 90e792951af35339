"""Google's token, Sheets and Drive endpoints as far as they are used, with everything that can go wrong on the way to them.

The token request's RS256 signature is verified with the account's public key. Cells that are not written RAW are evaluated.
"""

import base64
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.https import Answer

EMAIL = "cadence@pretend.iam.example"
SPREADSHEET = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-abcd"
LOST = -1
"""In place of a status: the connection ends without an answer."""


class Refused(Exception):
    def __init__(self, code, status, message=""):
        super().__init__(message)
        self.code, self.status = code, status


@dataclass
class Grid:
    id: int
    rows: int = 1000
    cells: dict = field(default_factory=dict)

    def column(self, first, last):
        values = [self.cells.get((row, 0), "") for row in range(first, min(last, self.rows) + 1)]
        while values and values[-1] == "":
            values.pop()
        return values

    def lines(self):
        if not self.cells:
            return []
        width = max(column for _, column in self.cells) + 1
        return [
            [self.cells.get((row, column), "") for column in range(width)]
            for row in range(1, max(row for row, _ in self.cells) + 1)
        ]


@cache
def key(number=0):
    """Making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeGoogle:
    """``fault(step)`` is asked before each call, ``step`` being token, tabs, change, read, write or find. It answers None, a status,
    or one of: lost (nothing happens, no answer), reply_lost (it happens, no answer), lie (it does not happen, and is confirmed),
    garbage, empty."""

    def __init__(self, clock, private=0):
        self.clock = clock
        self.private = key(private)
        self.tabs = {"Sheet1": Grid(0)}
        self.names = {SPREADSHEET: "home"}
        self.fault = lambda step: None
        self.steps = []
        self.writes_at = []
        self.tokens = 0
        self.good_until = {}
        self.scopes = ""
        self.lifetime_s = 3600
        self.shared = True
        self.seen = []
        """Every request as it came in."""

    def account(self, token_uri="https://token.invalid/token", **changes):
        pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        given = {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key": pem.decode(),
            "private_key_id": "k1",
            "token_uri": token_uri,
        }
        return json.dumps(given | changes)

    def log_of(self, title):
        return [line for line in self.tabs[title].lines()[1:] if line[0]]

    def handle(self, method, url, headers, body):
        """Status, headers and body; status LOST for none."""
        self.seen.append((method, url, dict(headers), body))
        parts = urlsplit(url)
        step = self._step(method, parts.path)
        self.steps.append(step)
        fault = self.fault(step)
        if isinstance(fault, int):
            return fault, {"retry-after": "7"} if fault == 429 else {}, _error(fault, "MADE_UP", str(headers))
        if fault == "lost":
            return LOST, {}, b""
        if fault == "garbage":
            return 200, {}, b"<html>sign in</html>"
        if fault == "empty":
            return 200, {}, b"{}"
        before = {title: (grid.rows, dict(grid.cells)) for title, grid in self.tabs.items()}
        try:
            answer = self._act(step, parts, headers, body)
        except Refused as error:
            return error.code, {}, _error(error.code, error.status, str(error))
        if fault == "lie":
            for title, (rows, cells) in before.items():
                self.tabs[title].rows, self.tabs[title].cells = rows, cells
        if fault == "reply_lost":
            return LOST, {}, b""
        return 200, {"content-type": "application/json"}, json.dumps(answer).encode()

    def _step(self, method, path):
        if path.endswith("/token"):
            return "token"
        if path.startswith("/drive/"):
            return "find"
        if path.endswith("/values:batchUpdate"):
            return "write"
        if path.endswith("/values:batchGet"):
            return "read"
        return "change" if path.endswith(":batchUpdate") else "tabs"

    def _act(self, step, parts, headers, body):
        if step == "token":
            return self._token(dict(parse_qsl(body.decode())))
        good_until = self.good_until.get(headers.get("Authorization", ""), 0.0)
        if self.clock.monotonic() >= good_until:
            raise Refused(401, "UNAUTHENTICATED")
        if step == "find":
            wanted = re.search(r"name = '((?:[^'\\]|\\.)*)'", parse_qs(parts.query)["q"][0])[1]
            wanted = wanted.replace("\\'", "'").replace("\\\\", "\\")
            return {"files": [{"id": each} for each, name in self.names.items() if name == wanted and self.shared]}
        spreadsheet = unquote(parts.path.split("/")[3]).split(":")[0]
        if spreadsheet not in self.names:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        if not self.shared:
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        if step == "tabs":
            properties = [
                {"sheetId": grid.id, "title": title, "gridProperties": {"rowCount": grid.rows}}
                for title, grid in self.tabs.items()
            ]
            return {"sheets": [{"properties": each} for each in properties]}
        if step == "read":
            query = parse_qs(parts.query)
            assert query["majorDimension"] == ["COLUMNS"]
            return {"valueRanges": [self._read(where) for where in query["ranges"]]}
        given = json.loads(body)
        return self._change(given) if step == "change" else self._write(given)

    def _token(self, form):
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        signed, _, signature = form["assertion"].rpartition(".")
        head, claims = (json.loads(_unpacked(part)) for part in signed.split("."))
        try:
            self.private.public_key().verify(_unpacked(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.") from None
        assert head["alg"] == "RS256"
        assert claims["iss"] == EMAIL
        if not claims["iat"] - 300 <= self.clock.wall() <= claims["exp"] or claims["exp"] - claims["iat"] > 3600:
            raise Refused(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token")
        self.tokens += 1
        self.scopes = claims["scope"]
        self.good_until[f"Bearer token-{self.tokens}"] = self.clock.monotonic() + self.lifetime_s
        return {"access_token": f"token-{self.tokens}", "expires_in": self.lifetime_s, "token_type": "Bearer"}

    def _change(self, given):
        for request in given["requests"]:
            if "addSheet" in request:
                title = request["addSheet"]["properties"]["title"]
                if title in self.tabs:
                    raise Refused(400, "INVALID_ARGUMENT", f'A sheet with the name "{title}" already exists.')
                self.tabs[title] = Grid(len(self.tabs))
            else:
                grow = request["appendDimension"]
                grid = next(grid for grid in self.tabs.values() if grid.id == grow["sheetId"])
                grid.rows += grow["length"]
        return {"spreadsheetId": SPREADSHEET, "replies": [{}]}

    def _place(self, where):
        found = re.fullmatch(r"'((?:[^']|'')+)'!A(\d+):([A-Z])(\d*)", where)
        title = found[1].replace("''", "'") if found else ""
        if title not in self.tabs:
            raise Refused(400, "INVALID_ARGUMENT", f"Unable to parse range: {where}")
        grid = self.tabs[title]
        first, last = int(found[2]), int(found[4] or grid.rows)
        if first > grid.rows:
            raise Refused(400, "INVALID_ARGUMENT", f"Range ({where}) exceeds grid limits. Max rows: {grid.rows}")
        return grid, first, last

    def _read(self, where):
        grid, first, last = self._place(where)
        column = grid.column(first, last)
        return {"range": where, "majorDimension": "COLUMNS"} | ({"values": [column]} if column else {})

    def _write(self, given):
        self.writes_at.append(self.clock.monotonic())
        places = [(self._place(each["range"]), each["values"]) for each in given["data"]]
        for (grid, first, last), rows in places:
            if last > grid.rows or last - first + 1 != len(rows):
                raise Refused(400, "INVALID_ARGUMENT", "exceeds grid limits")
        for (grid, first, _), rows in places:
            for down, row in enumerate(rows):
                for column, value in enumerate(row):
                    raw = given["valueInputOption"] == "RAW"
                    grid.cells[first + down, column] = value if raw else _evaluated(value)
        return {"spreadsheetId": SPREADSHEET, "totalUpdatedRows": sum(len(rows) for _, rows in places)}


def _evaluated(value):
    return "EVALUATED" if isinstance(value, str) and value[:1] in "=+-@" and len(value) > 1 else value


def _unpacked(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(code, status, message):
    return json.dumps({"error": {"code": code, "status": status, "message": message}}).encode()


class InProcess:
    """In place of ``Https``: the fake is asked directly, and takes as long as ``took()`` says."""

    def __init__(self, google, took=lambda: 0.1):
        self.google, self.took = google, took

    def call(self, request, deadline):
        clock, took_s = self.google.clock, self.took()
        began = clock.monotonic()
        if began + took_s > deadline:
            clock.seconds = float(deadline)
            raise ProbeFailed(FailureReason.TIMEOUT, "secret-host did not answer")
        clock.seconds += took_s
        status, headers, body = self.google.handle(request.method, request.url, request.headers, request.body)
        if status == LOST:
            clock.seconds = float(deadline)
            raise ProbeFailed(FailureReason.TIMEOUT, "secret-host did not answer")
        return Answer(status, headers, body, took_s)


@contextmanager
def serving(answer):
    """``answer(method, path, headers, body) -> status, headers, body`` over HTTP on loopback; gives the base URL."""
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = answer(self.command, self.path, dict(self.headers), body)
            if status == LOST:
                over.wait(30)
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - as the library wants it

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
