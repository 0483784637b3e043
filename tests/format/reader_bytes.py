"""What both parts of reader.py are made of: conventions of docs/file-format.md."""

import struct
from types import SimpleNamespace

import xxhash

PAGE = 4096


class Corrupt(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Corrupt(what)


def h(data, seed=0):
    return xxhash.xxh3_64_intdigest(bytes(data), seed)


def ceil_div(a, b):
    return -(-a // b)


def round_up(value, unit):
    return ceil_div(value, unit) * unit


class Layout:
    """Fields by name, from "name:format ..." as the struct module writes formats."""

    def __init__(self, fields):
        pairs = [field.split(":") for field in fields.split()]
        self.names = [name for name, _ in pairs]
        self.struct = struct.Struct("<" + "".join(form for _, form in pairs))
        self.size = self.struct.size

    def read(self, data, offset=0):
        require(offset + self.size <= len(data), f"{self.names[0]}..: ends too early")
        return SimpleNamespace(**dict(zip(self.names, self.struct.unpack_from(data, offset))))


class Bytes:
    """Takes things off the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(self.at + count <= len(self.data), "record: ends behind its page")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.number(1)
            value |= (byte & 0x7f) << (7 * i)
            if byte < 0x80:
                require((byte or i == 0) and value < 1 << 64, "varint: not the shortest form")
                return value
        raise Corrupt("varint: too long")
