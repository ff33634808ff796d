"""Calls the entry of a ClickHouse program in a shared library: `entry.py LIBRARY SYMBOL ARGUMENT …`. Ends with its parent."""
import ctypes
import os
import sys

from tether import tether


def load(path):
    """Lazily bound, unlike ctypes.CDLL: the library may name functions of another Python, which are never called."""
    dl = ctypes.CDLL(None)
    dl.dlopen.restype = ctypes.c_void_p
    dl.dlerror.restype = ctypes.c_char_p
    handle = dl.dlopen(path.encode(), os.RTLD_LAZY | os.RTLD_LOCAL)
    if not handle:
        sys.exit(dl.dlerror().decode())
    return ctypes.CDLL(path, handle=handle)


def main(library, symbol, *arguments):
    tether()
    os.environ["CLICKHOUSE_WATCHDOG_ENABLE"] = "0"
    entry = getattr(load(library), symbol)
    # clickhouse-local's answers with a pointer; clickhouse-server's with its exit code.
    entry.restype = ctypes.c_void_p if symbol.startswith("query") else ctypes.c_int
    values = [one.encode() for one in arguments]
    code = entry(len(values), (ctypes.c_char_p * (len(values) + 1))(*values, None))
    return 0 if entry.restype is ctypes.c_void_p else code


sys.exit(main(*sys.argv[1:]))
