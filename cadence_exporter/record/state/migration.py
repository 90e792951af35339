"""A store of an earlier version becomes one of this version, in one transaction: it is the old one or the new one, never half of it."""

import sqlite3

from cadence_exporter.record.state.image import read_image, sealed, write_changes
from cadence_exporter.record.state.schema import SCHEMA_VERSION, STEPS, version_of


def migrate(connection: sqlite3.Connection) -> None:
    """Nothing to do for a store of this version. Raises sqlite3.Error when it cannot be written, Damaged when it cannot be believed."""
    version = version_of(connection)
    if version >= SCHEMA_VERSION:
        return
    image = read_image(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version + 1, SCHEMA_VERSION + 1):
            connection.execute(STEPS[step])
        if image:  # the version stands in the checked rows too, so that an older program knows whom it has before it
            write_changes(connection, image, sealed(image))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise
