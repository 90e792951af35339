"""Run as a child: reads a service account's key and claims, writes the signed token request (RFC 7523, RS256).

google-auth takes 13 MiB; here it takes them for a third of a second an hour.
"""

import json
import sys

NOT_INSTALLED = 3
BAD_KEY = 4


def main() -> int:
    """Returns 0 when the token was written."""
    asked = json.load(sys.stdin)
    try:
        from google.auth import crypt, jwt  # noqa: PLC0415 - an extra
    except ImportError:
        return NOT_INSTALLED
    try:
        signer = crypt.RSASigner.from_string(asked["key"], asked["key_id"])  # type: ignore[no-untyped-call]
        token: bytes = jwt.encode(signer, asked["claims"])  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        return BAD_KEY
    sys.stdout.write(token.decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
