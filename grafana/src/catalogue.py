"""Every dashboard, as the text of its file."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.src import debug, fleet, kiosk, overview, slo

PAGES = (overview, fleet, slo, debug, kiosk)
"""Their order is the one in which one reads: is it well, where, how often not, why; and the wall."""


def rendered() -> dict[str, str]:
    """File name to content; the same input gives the same bytes."""
    texts = {}
    for page in PAGES:
        dashboard = page.dashboard()
        text = json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        texts[f"{dashboard.uid}.json"] = text + "\n"
    return texts
