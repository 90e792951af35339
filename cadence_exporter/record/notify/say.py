"""Run as a child: reads one message and one Apprise URL, and delivers it. Apprise takes 26 MiB; here it takes them for a moment.

Loading it takes a second, or several: who is left alone meanwhile says nothing, for the next process will.

It brings its own HTTP, so neither our deadline nor our guard reaches inside: the parent kills this process instead.
"""

import json
import os
import signal
import sys

NOT_INSTALLED = 3
NOT_UNDERSTOOD = 4
NOT_DELIVERED = 5
LIFETIME_S = 45
"""Also when the parent is gone."""


def main() -> int:
    """Returns 0 when the service took the message."""
    signal.alarm(LIFETIME_S)
    asked = json.load(sys.stdin)
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        return NOT_INSTALLED
    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Cadence", app_desc="Cadence"))
    if not sender.add(asked["url"]):
        return NOT_UNDERSTOOD
    if "body" not in asked:  # only asked whether the URL is understood
        return 0
    if asked.get("parent") not in (None, os.getppid()):
        return NOT_DELIVERED
    result = sender.notify(title=asked["title"], body=asked["body"], notify_type=asked["type"], body_format="text")
    return 0 if result else NOT_DELIVERED  # an AppriseResult since 2.0: true or not, never True


if __name__ == "__main__":
    sys.exit(main())
