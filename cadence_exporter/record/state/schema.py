"""The state store's tables. ``state`` is what must be right after a restart; ``history`` is what people look at later."""

import sqlite3

from cadence_exporter.errors import StateUnavailable

APPLICATION_ID = 0x43444E43
"""``CDNC``: somebody else's database in our place is set aside instead of being written into."""
SCHEMA_VERSION = 4

_SINK_ROW = """
CREATE TABLE sink_row (channel TEXT, id TEXT, number INTEGER NOT NULL, kind TEXT NOT NULL, wall REAL NOT NULL, facts TEXT NOT NULL,
    seal INTEGER NOT NULL, PRIMARY KEY (channel, id)) WITHOUT ROWID;
"""

_BOUNCE = """
CREATE TABLE bounce (id INTEGER PRIMARY KEY, wall REAL NOT NULL, by_hand INTEGER NOT NULL, off_for REAL NOT NULL,
    result TEXT NOT NULL, detail TEXT NOT NULL, up_after REAL);
"""

SCHEMA = f"""{_SINK_ROW}{_BOUNCE}
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT, labels TEXT, value REAL NOT NULL, PRIMARY KEY (name, labels)) WITHOUT ROWID;
CREATE TABLE belief (family TEXT PRIMARY KEY, address TEXT NOT NULL, confirmed_at REAL) WITHOUT ROWID;
CREATE TABLE record_state (name TEXT, type TEXT, verified TEXT, verified_at REAL, writes TEXT NOT NULL,
    change_address TEXT, change_evidence REAL, change_published REAL, PRIMARY KEY (name, type)) WITHOUT ROWID;
CREATE TABLE transition (id INTEGER PRIMARY KEY, wall REAL NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE outage (id INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL NOT NULL, seconds REAL NOT NULL, layer TEXT NOT NULL);
CREATE TABLE address (id INTEGER PRIMARY KEY, family TEXT NOT NULL, address TEXT NOT NULL,
    first_wall REAL NOT NULL, last_wall REAL NOT NULL);
CREATE TABLE dns_change (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
    operation TEXT NOT NULL, evidence REAL NOT NULL, published REAL NOT NULL, visible REAL);
CREATE TABLE api_call (id INTEGER PRIMARY KEY, wall REAL NOT NULL, service TEXT NOT NULL, calls INTEGER NOT NULL);
"""

BOUNCES_SINCE = 3
"""The version that brought them."""
STEPS = {2: _SINK_ROW, BOUNCES_SINCE: _BOUNCE, 4: ""}
"""What makes a store of the version before into one of this version. The fourth has no other tables, but rows for sinks that tell of
bounces: the third would take them for damage."""

KEPT_ROWS = {"transition": 5000, "outage": 5000, "address": 1000, "dns_change": 2000, "api_call": 2000, "bounce": 1000}
"""Newest rows kept of each history: years of a home's life, and a file that stays below two megabytes whatever happens.
An hour of calls at the documented budget is 21 rows; 2000 hold an hour of everything failing and being tried again."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Damaged(Exception):
    """The file is there and can be read, but it does not hold what was written."""


class NewerSchema(StateUnavailable):
    """The store was written by a newer version: it is left untouched."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the content is broken, not that the file is out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError)  # text that is not UTF-8 carries no code
    return code & 0xFF in _DAMAGED or code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR_SHORT_READ)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version that the file says it has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection) -> None:
    """Raises Damaged when this is not our database at all, NewerSchema when it is of a later version."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = version_of(connection)
    if application != APPLICATION_ID or version < 1:
        raise Damaged("not a state store")
    if version > SCHEMA_VERSION:
        # Every version writes its number into the checked rows too: a flipped bit in the header is no newer version.
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        if row is None or row[0] != str(version):
            raise Damaged("two schema versions")
        raise NewerSchema(f"written by a newer version (schema {version}, this one knows {SCHEMA_VERSION})")


def check_pages(connection: sqlite3.Connection) -> None:
    """Raises Damaged when SQLite finds a broken page or index."""
    row = connection.execute("PRAGMA quick_check(1)").fetchone()
    if row is None or row[0] != "ok":
        raise Damaged(f"quick_check: {row[0] if row else 'no answer'}")


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    version = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN; {SCHEMA} {version} COMMIT;")
