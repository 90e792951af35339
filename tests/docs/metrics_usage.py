"""Which metrics no dashboard, rule or alert uses, each with the reason why it is exposed all the same."""

from collections.abc import Mapping

UNUSED: Mapping[str, str] = {}
"""The name of the metric, as declared, and the reason. The page about the metrics lists them; a test holds this against the files."""
