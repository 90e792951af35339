"""What every listener does, in one place: written by their threads, read by scrapes and by the status page."""

import threading
from collections import Counter
from collections.abc import Callable
from types import MappingProxyType

from cadence_exporter.errors import printable
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.wakeup import Reason

Tell = Callable[[Hearing], None]


class ListenerBoard:
    """Safe from any thread. Counts go on over a reload."""

    def __init__(self, ring: Callable[[Reason], None], tell: Tell = lambda _: None) -> None:
        """``tell`` is told whenever a listener begins or ceases to hear; called by the listener's thread, outside of locks."""
        self.ring = ring
        self._tell = tell
        self._lock = threading.Lock()
        self._posts: dict[str, _Post] = {}

    def report(self, name: str) -> "PostReport":
        """For the listener that begins now; whatever an earlier one of that name still says is not listened to."""
        with self._lock:
            post = self._posts.setdefault(name, _Post(name))
            post.up, post.why = False, ""
            post.reporter = PostReport(self, post)
            return post.reporter

    def dismiss(self, name: str) -> None:
        """It is switched off, or makes place for another."""
        with self._lock:
            post = self._posts.get(name)
            if post is not None:
                post.up, post.why, post.reporter = None, "", None

    def hearings(self) -> tuple[Hearing, ...]:
        """Each listener that there ever was, as it stands now."""
        with self._lock:
            return tuple(post.hearing() for post in self._posts.values())

    def note(self, reporter: "PostReport", change: Callable[["_Post"], None]) -> bool:
        """Apply ``change`` unless the reporter is dismissed. Returns whether it counts."""
        with self._lock:
            post = reporter.post
            if post.reporter is not reporter:
                return False
            before = post.told
            change(post)
            changed = post.told != before
            hearing = post.hearing()
        if changed:
            self._tell(hearing)
        return True


class PostReport:
    """Implements ``listener.Report`` for one run of one listener."""

    def __init__(self, board: ListenerBoard, post: "_Post") -> None:
        self._board = board
        self.post = post

    def up(self) -> None:
        """See the protocol."""
        self._board.note(self, _Post.hears)

    def down(self, why: str) -> None:
        """See the protocol."""
        self._board.note(self, lambda post: post.is_deaf(printable(why)))

    def ring(self, reason: Reason) -> None:
        """See the protocol."""
        if self._board.note(self, _Post.rang):
            self._board.ring(reason)

    def ignored(self, why: str) -> None:
        """See the protocol."""
        self._board.note(self, lambda post: post.ignored.update((why,)))

    def sent(self, packets: int = 1) -> None:
        """See the protocol."""
        self._board.note(self, lambda post: post.asked(packets))


class _Post:
    """What is kept of one listener."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.up: bool | None = None
        self.why = ""
        self.rings = 0
        self.ignored: Counter[str] = Counter()
        self.packets = 0
        self.reporter: PostReport | None = None

    @property
    def told(self) -> tuple[bool | None, str]:
        """What people are told when it changes: whether it hears, and why not."""
        return self.up, "" if self.up else self.why

    def hears(self) -> None:
        self.up = True

    def is_deaf(self, why: str) -> None:
        self.up, self.why = False, why

    def rang(self) -> None:
        self.rings += 1

    def asked(self, packets: int) -> None:
        self.packets += packets

    def hearing(self) -> Hearing:
        return Hearing(self.name, self.up, self.why, self.rings, MappingProxyType(dict(self.ignored)), self.packets)
