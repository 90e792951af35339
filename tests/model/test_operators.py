import pytest

from cadence_exporter.model.operators import host_of, is_loopback, operator_of


@pytest.mark.parametrize(
    ("url", "operator"),
    [
        ("https://api.ipify.org", "ipify"),
        ("https://api6.ipify.org/?format=json", "ipify"),
        ("https://ipv4.icanhazip.com", "cloudflare"),
        ("https://ICANHAZIP.com./", "cloudflare"),
        ("https://1.1.1.1/cdn-cgi/trace", "cloudflare"),
        ("https://1.0.0.1/cdn-cgi/trace", "cloudflare"),
        ("https://one.one.one.one/cdn-cgi/trace", "cloudflare"),
        ("https://www.cloudflare.com/cdn-cgi/trace", "cloudflare"),
        ("https://[2606:4700:4700::1111]/cdn-cgi/trace", "cloudflare"),
        ("https://ifconfig.me/ip", "ifconfig.me"),
        ("https://ip.example.co.uk/x", "example.co.uk"),
        ("https://notcloudflare.com", "notcloudflare.com"),
        ("https://9.9.9.9:8443/ip", "9.9.9.9"),
        ("http://127.0.0.1:8001/ip", "http://127.0.0.1:8001/ip"),
        ("http://[::1]:8001/ip", "http://[::1]:8001/ip"),
        ("http://localhost/a", "http://localhost/a"),
    ],
)
def test_a_url_is_counted_for_whoever_runs_it(url: str, operator: str) -> None:
    assert operator_of(url) == operator


def test_the_host_is_found_behind_user_port_path_and_query() -> None:
    assert host_of("https://user:pw@Host.Example:443/a?b=http://other#c") == "host.example"
    assert host_of("https://[2001:DB8::1]:8443/x") == "2001:db8::1"


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback("127.9.9.9")
    assert is_loopback("::1")
    assert is_loopback("a.localhost")
    assert not is_loopback("127.0.0.1.example.com")
    assert not is_loopback("192.168.0.1")
