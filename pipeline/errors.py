"""Every way a run can fail.

FlowledgerError
 +-- UsageError            exit 2  the command or the configuration is wrong; the message says what to change
 |    +-- WrongSource              the warehouse belongs to another URL or organisation
 |    +-- NotThereYet              the command is planned and not built
 +-- LeaseHeld             exit 4  another run is writing
 +-- SourceError           exit 1  the API did not give what it must
 |    +-- AccessRefused            401, or 403 on logs or runs: nothing can be read
 |    +-- SourceUnavailable        patience ended: timeouts, resets, 429, 5xx
 |    +-- RequestRefused           a 4xx that waiting does not heal; carries the status
 |    +-- BrokenBody               200 with something that is not the promised JSON; tried again, then final
 |    +-- CursorLoop               a cursor led back to a page already read
 |    +-- CursorExpired            a cursor was refused; the window is read again from its start
 |    +-- PageLimit                more pages than a window can have
 |    +-- ClockAhead               this machine's clock is far ahead of the API's
 +-- LoadError             exit 1  a window could not be committed; it was rolled back
 |    +-- CheckFailed              a check in sql/checks/fail found rows
 |    +-- TooManyRejects           more than half of a window's rows were rejected
 +-- StorageError          exit 1  disk, files, or the warehouse
"""

from __future__ import annotations


class FlowledgerError(Exception):
    """The root. The text is for the reader: what happened, where, what to do next."""

    exit_code = 1


class UsageError(FlowledgerError):
    """The command or the configuration is wrong."""

    exit_code = 2


class WrongSource(UsageError):
    """The warehouse remembers another source."""


class NotThereYet(UsageError):
    """The command is planned and not built."""


class LeaseHeld(FlowledgerError):
    """Another run holds the lease."""

    exit_code = 4


class SourceError(FlowledgerError):
    """The API did not give what it must."""


class AccessRefused(SourceError):
    """The key, its organisation or its scopes do not allow the read."""


class SourceUnavailable(SourceError):
    """Patience ended: the API stayed unreachable, overloaded or broken."""


class RequestRefused(SourceError):
    """A 4xx that waiting does not heal."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class BrokenBody(SourceError):
    """The body is not the promised JSON: truncated, HTML, or an error envelope under status 200."""


class CursorLoop(SourceError):
    """A cursor led back to a page already read."""


class CursorExpired(SourceError):
    """The API refused a cursor it had given."""


class PageLimit(SourceError):
    """More pages than a window can have."""


class ClockAhead(SourceError):
    """The clock of this machine is far ahead of the API's: what is yet to come would count as read."""


class LoadError(FlowledgerError):
    """A window could not be committed; it was rolled back."""


class CheckFailed(LoadError):
    """A check in sql/checks/fail found rows that must not exist."""


class TooManyRejects(LoadError):
    """More than half of a window's rows were rejected: the window fails instead of moving on."""


class StorageError(FlowledgerError):
    """Disk, files, or the warehouse."""
