"""Small text files, read with a limit. Anything that is not a plain file is refused: a pipe would block for ever."""

from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether a plain file is there, as far as we may look: in a closed folder, or with a name too long for a file, none is."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_closed(path: Path) -> bool:
    """Whether we may not even look if it is there."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def is_folder(path: Path) -> bool:
    """The same for a folder."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_text(path: Path, most_bytes: int) -> str:
    """The text of a file. Raises ValueError with a sentence about what is wrong with it."""
    try:
        if not path.is_file():
            raise ValueError("does not exist" if not path.exists() else "is not a file")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    return text_of(content, most_bytes)


def text_of(content: bytes, most_bytes: int) -> str:
    """What was read, one byte more than is allowed at most. Raises ValueError with a sentence about what is wrong with it."""
    if len(content) > most_bytes:
        raise ValueError(f"is larger than {most_bytes} bytes; this cannot be meant")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 text (line {line})") from error
