"""Who lives where in the lab. The addresses look public because only such are published; no packet with them leaves the lab."""

ZONE = "example.com"
ZONE_ID = "0123456789abcdef0123456789abcdef"
RECORD = f"vpn.{ZONE}"
TOKEN = "token-of-the-lab"

GATEWAY = "192.168.77.1"
GUEST = "192.168.77.66"
"""Another host on the LAN."""
ISP_GATEWAY = "81.2.69.1"
TRANSIT = "62.115.1.2"
FIRST_LEASE = "81.2.69.20"

RESOLVER = "9.9.9.10"
"""Where routers of this internet forward their DNS to."""

WAN_TARGETS = ("1.1.1.1", "9.9.9.9")
TRACE = "1.1.1.1"

ECHOES = {
    "api.ipify.org": "173.231.16.77",
    "ipv4.icanhazip.com": "104.18.114.97",
    "ifconfig.me": "34.160.111.145",
    "checkip.amazonaws.com": "52.20.73.24",
}
RESOLVERS = {"cloudflare-dns.com": "104.16.249.249", "dns.google": "8.8.4.4"}
API = {"api.cloudflare.com": "104.19.192.29"}
STUN = {"stun.cloudflare.com": "162.159.207.0", "stun.l.google.com": "74.125.250.129"}

NAMES = {**ECHOES, **RESOLVERS, **API, **STUN}
SERVICE_ADDRESSES = (*WAN_TARGETS, RESOLVER, *NAMES.values())
