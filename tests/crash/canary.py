"""A random text that is put into `env` and must lie nowhere in clear."""

import base64
import errno
import mmap
import os
import random
import string

WINDOW = 10  # bytes in a row that cannot be there by chance


def make(seed):
    letters = string.ascii_letters + string.digits
    return "".join(random.Random(f"canary-{seed}").choices(letters, k=40))


def _needles(canary):
    """Pieces, so that a compressor that split the text is seen through."""
    text = canary.encode()
    pieces = {text[i:i + WINDOW] for i in range(len(text) - WINDOW + 1)}
    for shift in range(3):
        encoded = base64.b64encode(text[shift:]).rstrip(b"=")
        pieces.add(encoded[:24])
    pieces.add(text.hex().encode()[:32])
    pieces.add(text.hex().upper().encode()[:32])
    return pieces


def _written_parts(file):
    """(begin, end) of what is no hole: a sparse disk is mostly holes."""
    size, at = os.path.getsize(file.fileno()), 0
    while at < size:
        try:
            begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError as problem:
            if problem.errno == errno.ENXIO:
                return  # holes to the end
            raise
        at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
        yield begin, at


def _holds(path, needles):
    try:
        if os.path.getsize(path) == 0:
            return False
        with open(path, "rb") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return any(data.find(needle, begin, end) >= 0
                           for begin, end in _written_parts(file)
                           for needle in needles)
    except (OSError, ValueError):
        return False  # gone meanwhile, or no file to be read


def files_with(canary, folders, leave_out=()):
    """(files searched, files that hold a piece of it)."""
    needles, searched, found = _needles(canary), 0, []
    left_out = {os.path.realpath(path) for path in leave_out}
    for folder in folders:
        for root, directories, files in os.walk(folder):
            directories[:] = [
                name for name in directories
                if os.path.realpath(os.path.join(root, name)) not in left_out]
            for name in files:
                path = os.path.join(root, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                searched += 1
                if _holds(path, needles):
                    found.append(path)
    return searched, found
