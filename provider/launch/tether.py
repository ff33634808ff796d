"""Ends a process when its parent ends, however that ends. `tether.py COMMAND …` runs a command so."""
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PR_SET_PDEATHSIG = 1


def tether(on_orphaned=lambda: os.kill(os.getpid(), signal.SIGKILL)):
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        on_orphaned()

    threading.Thread(target=watch, daemon=True).start()


def main(command):
    if sys.platform == "linux":
        tether()
        os.execvp(command[0], command)  # PR_SET_PDEATHSIG survives it
    child = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    tether(lambda: (child.kill(), os._exit(1)))
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
