"""Removes the directories named on its standard input, one a line, when that ends: when the process that wrote them has ended, however it did."""
import shutil
import sys
import time
from pathlib import Path

ATTEMPTS = 100


def main():
    directories = [Path(line.rstrip("\n")) for line in sys.stdin]
    # The servers in them are ending at the same time, and may still write.
    for _ in range(ATTEMPTS):
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        if not any(directory.exists() for directory in directories):
            return
        time.sleep(0.1)


main()
