"""The catalog: which collections there are; see reader.py."""

import struct
from types import SimpleNamespace

from reader_bytes import Bytes, Layout, require

BLOB, LIST, HASH, COMPOSITE = 1, 2, 3, 4
MAX_DEPTH = 8

ENTRY = Layout("kind:B version:B flags:H root:I id:I parent:I created_seq:Q options_size:H child_count:H "
               "kind_name_size:B zero:3s")
STATE = Layout("next_id:I reaper_root:I zero:Q")


def require_text(data, most, what):
    """`data` as text if it is a name."""
    require(1 <= len(data) <= most and 0 not in data, f"catalog: {what} {data!r}")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return require(False, f"catalog: {what} {data!r} is not UTF-8")


def read_entry(value):
    """An entry, with its kind's name, options and children as `kind_name`, `options` and `children`."""
    entry, rest = ENTRY.read(value), Bytes(value[ENTRY.size:])
    where = f"catalog: entry of collection {entry.id}"
    is_composite = entry.kind == COMPOSITE
    require(entry.version == 1 and BLOB <= entry.kind <= COMPOSITE and entry.id != 0, f"{where}: version, kind or id")
    require(is_composite == (entry.root == 0), f"{where}: root")
    require(is_composite or not (entry.kind_name_size or entry.child_count), f"{where}: what only composites have")
    require(entry.options_size <= 1024, f"{where}: too many options")
    entry.kind_name = rest.take(entry.kind_name_size)
    if is_composite:
        entry.kind_name = require_text(entry.kind_name, 63, "kind")
        require(entry.kind_name not in ("blob", "list", "hash"), f"{where}: a composite called {entry.kind_name}")
    entry.options = rest.take(entry.options_size)
    entry.children = []
    for _ in range(entry.child_count):
        child_id, kind = rest.number(4), rest.number(1)
        name = require_text(rest.take(rest.number(1)), 255, "name of a child")
        entry.children.append(SimpleNamespace(id=child_id, kind=kind, name=name))
    require(rest.at == len(rest.data), f"{where}: more behind it")
    return entry


class Catalog:
    """Made from the entries of the hash at page 3. `named` are the collections that have a name of their own."""

    def __init__(self, entries):
        entries = dict(entries)
        state = entries.pop(b"", None)
        require(state is None or len(state) == STATE.size, "catalog: state")
        self.state = STATE.read(state) if state else SimpleNamespace(next_id=1, reaper_root=0)
        found = {key: read_entry(value) for key, value in entries.items()}
        self.hidden = {key: entry for key, entry in found.items() if key[0] == 0}
        self.named = {require_text(key, 255, "name"): entry for key, entry in found.items() if key[0] != 0}
        self.ids = set()
        reached = sum(self.enter(name, entry, 0, 0) for name, entry in self.named.items())
        require(reached == len(found), "catalog: a child that no parent lists")

    def take_id(self, entry, name):
        require(entry.id < self.state.next_id and entry.id not in self.ids, f"{name}: its id is not its own")
        self.ids.add(entry.id)

    def enter(self, name, entry, parent, depth):
        """Checks a collection and all below it; returns how many these are."""
        require(entry.parent == parent, f"{name}: another parent")
        require(depth <= MAX_DEPTH, f"{name}: too deep")
        self.take_id(entry, name)
        return 1 + sum(self.enter(child.name, self.child(entry, child), entry.id, depth + 1)
                       for child in entry.children)

    def child(self, parent, listed):
        key = b"\0" + struct.pack("<I", parent.id) + listed.name.encode()
        require(key in self.hidden, f"child {listed.name}: no entry of its own")
        entry = self.hidden[key]
        require((entry.id, entry.kind) == (listed.id, listed.kind), f"child {listed.name}: not what its parent lists")
        return entry
