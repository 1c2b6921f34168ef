"""Whether the machine itself has stood still: what a server must do within a second it need not do within one of those.

Run as a program with a folder it beats on each processor and on the folder's disk until its input ends, and prints when
a beat came late, so that no other thread of the tests holds it up.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

EVERY_SECONDS = 0.01
EVERY_SECONDS_ON_DISK = 0.05
LONGEST_SECONDS = 0.1  # from one beat to the next; what is longer is a stand


class Pulse:
    """Beats as long as the `with` lasts."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.noted = self.folder / "stands"

    def __enter__(self):
        with open(self.noted, "wb") as noted:
            self.process = subprocess.Popen([sys.executable, __file__, self.folder], stdin=subprocess.PIPE, stdout=noted)
        return self

    def __exit__(self, *_):
        self.process.communicate()
        assert self.process.returncode == 0

    def before(self, at, seconds):
        """The moment from which on, until `at`, the machine was at work for so long. A stand is known once it is over."""
        since, left = at, seconds
        for begin, end in self._stands(at):
            if since - end >= left:
                break
            left -= max(0, since - end)
            since = min(since, begin)
        return since - left

    def _stands(self, at):
        """(begin, end) of all that began before, the latest first."""
        whole, _, _ = self.noted.read_text().rpartition("\n")
        stands = [tuple(map(float, line.split())) for line in whole.splitlines()]
        return sorted(((begin, min(end, at)) for begin, end in stands if begin < at), key=lambda stand: -stand[1])


def beat(is_over, every_seconds, work):
    last = time.monotonic()
    while not is_over.is_set():
        is_over.wait(every_seconds)
        work()
        last, before = time.monotonic(), last
        if last - before > LONGEST_SECONDS:
            os.write(1, f"{before + LONGEST_SECONDS} {last}\n".encode())


def main(folder):
    file = os.open(Path(folder) / "pulse", os.O_WRONLY | os.O_CREAT)

    def sync():
        os.pwrite(file, b"beat", 0)
        os.fdatasync(file)

    def stay_on(processor):
        os.sched_setaffinity(threading.get_native_id(), {processor})

    is_over = threading.Event()
    threads = [threading.Thread(target=beat, args=(is_over, EVERY_SECONDS, lambda one=processor: stay_on(one)))
               for processor in os.sched_getaffinity(0)]
    threads.append(threading.Thread(target=beat, args=(is_over, EVERY_SECONDS_ON_DISK, sync)))
    for thread in threads:
        thread.start()
    sys.stdin.read()
    is_over.set()


if __name__ == "__main__":
    main(sys.argv[1])
