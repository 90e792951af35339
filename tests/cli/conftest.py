"""The commands that read the HTTP side are tested against the real one."""

from tests.record.web.conftest import authority, build, certificate, locked, site

__all__ = ["authority", "build", "certificate", "locked", "site"]
