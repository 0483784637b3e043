#!/usr/bin/env python3
"""Compares Partd with partd 1.3.0 itself: the same operations on both, and the files of each read by the other.

Run as: partd_oracle.py DRIVER QUIRE. DRIVER is partd_driver, QUIRE the command. Ends with 77 if partd or numpy is missing.
"""
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy
    import partd
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

OPERATIONS = 400
CODECS = ("none", "zstd", "lz4", "snappy")


def token(key):
    """The path of partd.File for a key, which is ours."""
    return "/".join(key) if isinstance(key, tuple) else key


def hexadecimal(data):
    return (data.encode() if isinstance(data, str) else data).hex() or "-"


class Ours:
    """A Partd behind a pipe."""

    def __init__(self, driver, path, codec, buffer_size):
        command = [driver, path, str(CODECS.index(codec)), str(buffer_size)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def append(self, data):
        pairs = [hexadecimal(part) for key, value in data.items() for part in (token(key), value)]
        assert self.call("append", *pairs) == "ok"

    def get(self, key):
        answer = self.call("get", hexadecimal(token(key)))
        return b"" if answer == "-" else bytes.fromhex(answer)

    def iset(self, key, value):
        return self.call("iset", hexadecimal(token(key)), hexadecimal(value)) == "1"

    def close(self):
        self.call("commit")
        self.process.stdin.close()
        assert self.process.wait() == 0


def same_operations(driver, scratch, codec, buffer_size, choose):
    """Random operations on ours, partd.File and partd.Dict; every value is the same after each."""
    ours = Ours(driver, f"{scratch}/{codec}{buffer_size}.quire", codec, buffer_size)
    theirs = [partd.File(f"{scratch}/{codec}{buffer_size}"), partd.Dict()]
    keys = ["x", "y", "Foo bar(1)"] + [("a", str(i)) for i in range(3)]
    erased = set()
    for _ in range(OPERATIONS):
        key = choose.choice(keys)
        value = choose.randbytes(choose.choice((0, 1, 10, 3000)))
        what = choose.randrange(12)
        if what < 6:
            data = {k: value + token(k).encode() for k in choose.sample(keys, choose.randrange(4))}
            ours.append(data)
            for other in theirs:
                other.append(data)
        elif what == 6:
            ours.call("erase", hexadecimal(token(key)))
            for other in theirs:
                other.delete(key)
            erased.add(key)  # theirs would ignore every later iset of the key, also in a Server
        elif what == 7 and key not in erased:
            ours.iset(key, value)
            for other in theirs:
                other.iset(key, value)
        elif what == 8:
            ours.call("commit")
        elif what == 9 and choose.randrange(10) == 0:
            ours.call("clear")
            for other in theirs:
                other.drop()
            erased.clear()
        for other in theirs:
            assert ours.get(key) == other.get(key), (codec, key)
    for key in keys:
        assert ours.get(key) == theirs[0].get(key) == theirs[1].get(key), (codec, key)
    ours.close()


def where_the_original_fails(driver, scratch):
    """Its Buffer inverts an order, its File is not atomic, and its iset forgets: ours answers otherwise."""
    ours = Ours(driver, f"{scratch}/traps.quire", "none", 100)
    buffer = partd.Buffer(partd.Dict(), partd.File(f"{scratch}/buffer"), available_memory=5)
    for part in (b"A", b"A", b"A", b"A", b"A", b"A", b"B"):
        ours.append({"x": part})
        buffer.append({"x": part})
    assert ours.get("x") == b"AAAAAAB" and buffer.get("x") == b"BAAAAAA"

    file = partd.File(f"{scratch}/file")
    file.iset("first", b"1")
    partd.File(f"{scratch}/file").iset("first", b"2")
    assert file.get("first") == b"2", "another object of theirs overwrites"
    assert ours.iset("first", b"1") and not ours.iset("first", b"2") and ours.get("first") == b"1"
    file.delete("first")
    file.iset("first", b"3")
    assert file.get("first") == b"", "theirs ignores an iset after a delete"
    ours.call("erase", hexadecimal("first"))
    assert ours.iset("first", b"3") and ours.get("first") == b"3"

    file.append({"Foo!bar?": b"1"})
    file.append({"Foobar": b"2"})
    assert file.get("Foobar") == b"12", "theirs takes two keys for one"
    ours.append({"Foo!bar?": b"1", "Foobar": b"2"})
    assert ours.get("Foobar") == b"2" and ours.get("Foo!bar?") == b"1"
    ours.close()


def run(quire, *arguments):
    subprocess.run([quire, *arguments], check=True, stdout=subprocess.DEVNULL)


def files_of_each_other(quire, scratch):
    """Ours imports what partd.File and partd.Numpy have written, and they read what ours exports."""
    data = {"x": b"Hello", ("a", "b"): os.urandom(3 << 20), "empty": b""}
    partd.File(f"{scratch}/from").append(data)
    arrays = partd.Numpy(partd.File(f"{scratch}/arrays"))
    arrays.append({"x": numpy.arange(5.0), ("a", "b"): numpy.array([1.5])})
    arrays.append({"x": numpy.array([7.0])})
    framed = partd.ZLib(partd.File(f"{scratch}/framed"))
    framed.append({"x": b"hello"})
    framed.append({"x": b" you"})
    for codec in CODECS:
        database = f"{scratch}/{codec}.quire"
        run(quire, "import", "partd", f"{scratch}/from", database, "bytes", "--codec", codec)
        run(quire, "export", "partd", database, "bytes", f"{scratch}/{codec}.bytes")
        back = partd.File(f"{scratch}/{codec}.bytes")
        for key, value in data.items():
            assert back.get(key) == value, key
        run(quire, "import", "partd", "--numpy", f"{scratch}/arrays", database, "arrays", "--codec", codec)
        run(quire, "export", "partd", database, "arrays", f"{scratch}/{codec}.arrays")
        back = partd.Numpy(partd.File(f"{scratch}/{codec}.arrays"))
        assert back.get("x").tolist() == [0, 1, 2, 3, 4, 7] and back.get(("a", "b")).tolist() == [1.5]
        run(quire, "import", "partd", f"{scratch}/framed", database, "framed", "--codec", codec)
        run(quire, "export", "partd", database, "framed", f"{scratch}/{codec}.framed")
        assert partd.ZLib(partd.File(f"{scratch}/{codec}.framed")).get("x") == b"hello you"
        run(quire, "check", database)


def main():
    driver, quire = sys.argv[1:]
    seed = int(os.environ.get("QUIRE_TEST_SEED") or random.randrange(1 << 32))
    print(f"seed {seed} (QUIRE_TEST_SEED repeats it)")
    choose = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="quire-partd-") as scratch:
        for codec in CODECS:
            for buffer_size in (0, 20_000, 1 << 26):
                same_operations(driver, scratch, codec, buffer_size, choose)
        where_the_original_fails(driver, scratch)
        files_of_each_other(quire, scratch)


if __name__ == "__main__":
    main()
