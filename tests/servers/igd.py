"""A pretend Internet Gateway Device on loopback: SSDP, description, SOAP and events as a router has them, misbehaving as told."""

import http.client
import itertools
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOME = "93.184.216.34"
MOVED = "81.2.69.142"
WANIP2 = "urn:schemas-upnp-org:service:WANIPConnection:2"
WANIP1 = "urn:schemas-upnp-org:service:WANIPConnection:1"
WANPPP = "urn:schemas-upnp-org:service:WANPPPConnection:1"


def description(*services, url_base=""):
    """As miniupnpd's, shortened; each service is (kind, control URL, event URL)."""
    inner = "".join(
        f"<service><serviceType>{kind}</serviceType><serviceId>x</serviceId>"
        f"<controlURL>{control}</controlURL><eventSubURL>{events}</eventSubURL><SCPDURL>/s.xml</SCPDURL></service>"
        for kind, control, events in services
    )
    return (
        '<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion>'
        f"{f'<URLBase>{url_base}</URLBase>' if url_base else ''}"
        "<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:2</deviceType><serviceList><service>"
        "<serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/ctl/L3F</controlURL></service>"
        "</serviceList><deviceList><device><deviceList><device>"
        f"<serviceList>{inner}</serviceList></device></deviceList></device></deviceList></device></root>"
    ).encode()


def soap(action, kind=WANIP2, **values):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return (
        '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<u:{action}Response xmlns:u="{kind}">{inner}</u:{action}Response></s:Body></s:Envelope>'
    ).encode()


def event(**variables):
    inner = "".join(f"<e:property><{name}>{value}</{name}></e:property>" for name, value in variables.items())
    return f'<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0">{inner}</e:propertyset>'.encode()


def answer(location, st="urn:schemas-upnp-org:device:InternetGatewayDevice:1"):
    return (
        f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {st}\r\nUSN: uuid:1::{st}\r\nEXT:\r\n"
        f"SERVER: Debian UPnP/1.1 Pretend/1\r\nLOCATION: {location}\r\n\r\n"
    ).encode()


class Igd:
    """Close it. Knobs may be turned at any time."""

    def __init__(self, host="127.0.0.1"):
        self.address = HOME
        self.status = "Connected"
        self.uptime = 1000
        self.description = description((WANIP2, "/ctl/IPConn", "/evt/IPConn"))
        self.soap_status = 200
        self.answers = None
        """What a search is answered with, a list of packets; None: as it should be."""
        self.timeout = "Second-1800"
        self.subscribe_status = 200
        self.asked: list[str] = []
        self.subscriptions: dict[str, str] = {}
        self.greets = True
        """Whether the first event is sent."""
        self._seqs: dict[str, itertools.count] = {}
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._http = ThreadingHTTPServer((host, 0), type("Handler", (_Handler,), {"igd": self}))
        self._http.daemon_threads = True
        self._ssdp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ssdp.bind((host, 0))
        self.host, self.port = self._ssdp.getsockname()
        self.location = f"http://{host}:{self._http.server_address[1]}/rootDesc.xml"
        self._threads = [
            threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True),
            threading.Thread(target=self._search, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"stop", (self.host, self.port))
        for thread in self._threads:
            thread.join(5)
        self._ssdp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def note(self, what):
        with self._news:
            self.asked.append(what)
            self._news.notify_all()

    def until_asked(self, what, times=1):
        with self._news:
            assert self._news.wait_for(lambda: self.asked.count(what) >= times, 10), self.asked

    def subscribe(self, callback):
        sid = f"uuid:{next(self._numbers)}"
        self.subscriptions[sid] = callback.strip("<>")
        self._seqs[sid] = itertools.count()
        return sid

    def greet(self, sid):
        if self.greets:
            self.tell(sid, ExternalIPAddress=self.address, ConnectionStatus=self.status, PortMappingNumberOfEntries=0)

    def tell(self, sid, **variables):
        """Send an event; returns the status that came back."""
        return self.notify(sid, next(self._seqs[sid]), event(**variables))

    def tell_all(self, **variables):
        return [self.tell(sid, **variables) for sid in self.subscriptions]

    def notify(self, sid, seq, body, source="127.0.0.1", **headers):
        host, _, port = self.subscriptions[sid].removeprefix("http://").rstrip("/").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=5, source_address=(source, 0))
        given = {"NT": "upnp:event", "NTS": "upnp:propchange", "SID": sid, "SEQ": str(seq), **headers}
        try:
            connection.request("NOTIFY", "/", body, {name: value for name, value in given.items() if value is not None})
            return connection.getresponse().status
        finally:
            connection.close()

    def skip(self, sid, count=1):
        """Lose events."""
        for _ in range(count):
            next(self._seqs[sid])

    def _search(self):
        while True:
            packet, sender = self._ssdp.recvfrom(2048)
            if packet == b"stop":
                return
            self.note("search" if packet.startswith(b"M-SEARCH * HTTP/1.1\r\n") else "?")
            for one in self.answers if self.answers is not None else [answer(self.location)]:
                self._ssdp.sendto(one, sender)


class _Handler(BaseHTTPRequestHandler):
    igd: Igd

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.igd.note("description")
        self._send(200, self.igd.description)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers["SOAPAction"].strip('"').partition("#")[2]
        kind = self.headers["SOAPAction"].strip('"').partition("#")[0]
        self.igd.note(action)
        values = {
            "GetExternalIPAddress": {"NewExternalIPAddress": self.igd.address},
            "GetStatusInfo": {
                "NewConnectionStatus": self.igd.status,
                "NewLastConnectionError": "ERROR_NONE",
                "NewUptime": self.igd.uptime,
            },
        }
        self._send(self.igd.soap_status, soap(action, kind, **values[action]))

    def do_SUBSCRIBE(self):
        sid = self.headers["SID"]
        self.igd.note("renew" if sid else "subscribe")
        if self.igd.subscribe_status != 200 or (sid and sid not in self.igd.subscriptions):
            self._send(412 if sid else self.igd.subscribe_status, b"")
            return
        fresh = None if sid else self.igd.subscribe(self.headers["CALLBACK"])
        self._send(200, b"", SID=sid or fresh, TIMEOUT=self.igd.timeout)
        if fresh:
            self.igd.greet(fresh)

    def do_UNSUBSCRIBE(self):
        self.igd.note("unsubscribe")
        self.igd.subscriptions.pop(self.headers["SID"], None)
        self._send(200, b"")

    def _send(self, status, body, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body), "Connection": "close"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
