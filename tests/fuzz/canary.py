"""A bug planted on purpose, behind six nested comparisons: two hundred million million blind tries, or some thousand guided ones."""

MAGIC = b"CADNCE"


class Chirp(Exception):
    """The canary was found."""


def canary(data: bytes) -> None:
    """Each right byte is a new branch, and so a new place that the fuzzer can see that it has reached."""
    if len(data) < len(MAGIC):
        return
    if (
        data[0] == MAGIC[0]
        and data[1] == MAGIC[1]
        and data[2] == MAGIC[2]
        and data[3] == MAGIC[3]
        and data[4] == MAGIC[4]
        and data[5] == MAGIC[5]
    ):
        raise Chirp
