"""Runs one command and measures it."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from . import server


@dataclass
class Run:
    """One command as it ran."""

    # Seconds since the epoch.
    began: float
    ended: float
    wall: float
    # Of the command's process, without the server.
    cpu: float
    memory: float
    # What it wrote to its standard error.
    said: str


def run(method, database, stop_after=None):
    """Runs the method's command to its end, or interrupts it after so many seconds as Ctrl-C would."""
    environment = {**os.environ, "DATABASE_URL": server.database_url(database), "PGDATABASE": database}
    output = method.directory / "output.txt"
    with output.open("wb") as sink:
        began, started = time.time(), time.perf_counter()
        process = subprocess.Popen(
            method.command, cwd=method.directory, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sink,
        )
        memory = PeakMemory(process.pid)
        memory.start()
        timer = None
        if stop_after is not None:
            timer = threading.Timer(stop_after, os.kill, [process.pid, signal.SIGINT])
            timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall, ended = time.perf_counter() - started, time.time()
    process.returncode = os.waitstatus_to_exitcode(status)
    if timer is not None:
        timer.cancel()
    memory.stop()
    said = output.read_text(errors="replace")
    # longhaul that was interrupted ends with 4.
    if process.returncode != 0 and not (stop_after is not None and process.returncode == 4):
        sys.exit(f"{method.name} ended with {process.returncode}:\n{said[-2000:]}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    peak = memory.peak or usage.ru_maxrss * kilobyte
    return Run(began, ended, wall, usage.ru_utime + usage.ru_stime, peak / 1e6, said)


class PeakMemory(threading.Thread):
    """Watches the most memory a process had.

    What wait4 tells is never less than what this program had when it started the process, which is more than longhaul
    ever takes. It serves only where there is no /proc.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status = f"/proc/{pid}/status"
        self.ended = threading.Event()
        self.peak = 0

    def run(self):
        while not self.ended.wait(0.05):
            try:
                with open(self.status) as lines:
                    for line in lines:
                        if line.startswith("VmHWM:"):
                            self.peak = int(line.split()[1]) * 1024
            except OSError:
                return

    def stop(self):
        self.ended.set()
        self.join()
