#!/usr/bin/env python3
"""Reads and writes the files of smart-pipe, by the description of their format alone.

    smartpipe_reader.py read PREFIX     prints "block KEY", and "KEY VALUE" for each record, all in hexadecimal
    smartpipe_reader.py write PREFIX .dat|.datz     makes the files of such lines on standard input
"""
import os
import struct
import sys
import zlib


def counted(part):
    return struct.pack("<I", len(part)) + part


def take(data, at):
    size, = struct.unpack_from("<I", data, at)
    assert at + 4 + size <= len(data), "a part goes over the end"
    return data[at + 4:at + 4 + size], at + 4 + size


def entries(index):
    at = 0
    while len(index) - at >= 4:
        key, at = take(index, at)
        yield key, *struct.unpack_from("<QQ", index, at)
        at += 16


def read(prefix):
    is_raw = os.path.exists(prefix + ".dat")
    with open(prefix + (".dat" if is_raw else ".datz"), "rb") as file:
        data = file.read()
    with open(prefix + ".idx", "rb") as file:
        blocks = list(entries(file.read()))
    raw_before = 0
    for (key, offset, raw_offset), following in zip(blocks, blocks[1:] + [(b"", len(data), None)]):
        assert raw_offset == raw_before, "the raw offset is not what the blocks before unpack to"
        stored = data[offset:following[1]]
        raw = stored if is_raw else zlib.decompress(stored)
        raw_before += len(raw)
        print("block", key.hex())
        at = 0
        while at < len(raw):
            record_key, at = take(raw, at)
            value, at = take(raw, at)
            print(record_key.hex(), value.hex())


def write(prefix, ending):
    blocks = []
    for line in sys.stdin.read().splitlines():
        first, second = line.split(" ")
        if first == "block":
            blocks.append((bytes.fromhex(second), []))
        else:
            blocks[-1][1].append((bytes.fromhex(first), bytes.fromhex(second)))
    offset = raw_offset = 0
    with open(prefix + ending, "wb") as data, open(prefix + ".idx", "wb") as index:
        for key, records in blocks:
            raw = b"".join(counted(part) for record in records for part in record)
            stored = zlib.compress(raw) if ending == ".datz" and raw else raw
            index.write(counted(key) + struct.pack("<QQ", offset, raw_offset))
            data.write(stored)
            offset += len(stored)
            raw_offset += len(raw)


if __name__ == "__main__":
    {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
