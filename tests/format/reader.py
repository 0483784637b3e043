#!/usr/bin/python3
"""Reads a Quire database without Quire: follows docs/file-format.md and shares no code with the library.

    reader.py FILE

Verifies every sum, walks every collection, accounts for every page against the space map, and replays a live log in
memory. Prints what it found as JSON, or what is wrong (exit code 1). Needs python3-xxhash.

The "xxh3" of a hash is that of all entries in the order of their keys, each as {u64 length, key, u64 length, value};
that of a list, of all items as {u64 length, item}; that of a blob, of its content.
"""

import json
import struct
import sys

import xxhash

import reader_catalog
from reader_bytes import PAGE, Bytes, Corrupt, Layout, ceil_div, h, require
from reader_log import Log

HEADER_MAGIC = b"QUIREDB\x1a"
GROUP = 16128
CATALOG_ROOT = 3
FREE, STRUCTURE, DATA, OWNED = range(4)
MAP, BLOB_ROOT, BLOB_TABLE, LIST_NODE = 1, 2, 3, 4
HASH_ROOT, HASH_DIRECTORY, HASH_BUCKET, HASH_OVERFLOW, VALUE_PAGE = 5, 6, 7, 8, 9
IN_RECORD, EXTENTS, IN_BLOB = range(3)

HEADER_SLOT = Layout("magic:8s sum:Q major:H minor:H page_size:I compat:Q ro_compat:Q incompat:Q uuid:16s "
                     "header_generation:Q slot_number:I flags:I log_id:16s checkpoint_seq:Q first_generation:Q "
                     "first_segment:Q page_count:I catalog_root:I group_size:I reserved:I software_version:Q")
PAGE_HEADER = Layout("sum:Q seq:Q pid:I owner:I type:B zero:7s")
BLOB_HEAD = Layout("size:Q pages_owned:Q height:B flags:B")
HASH_HEAD = Layout("seed:Q entries:Q record_bytes:Q bucket_count:I overflow_pages:I cap_log2:B flags:B zero:H "
                   "directory_pages:I pages_owned:Q")
LIST_HEAD = Layout("height:B flags:B count:H heap_start:H dead_bytes:H items:Q pages_owned:Q")
BUCKET_HEAD = Layout("count:H capacity:H heap_start:H dead_bytes:H overflow:I bucket:I")


# ---- header


def read_slot(data, number):
    page = data[number * PAGE:(number + 1) * PAGE]
    if len(page) < PAGE:
        return None
    slot = HEADER_SLOT.read(page)
    intact = (slot.magic == HEADER_MAGIC and slot.sum == h(page[16:], int.from_bytes(HEADER_MAGIC, "little"))
              and slot.slot_number == number)
    return slot if intact else None


def choose_slot(data):
    slots = [slot for slot in (read_slot(data, 0), read_slot(data, 1)) if slot]
    require(slots, "no intact header slot")
    slot = max(slots, key=lambda s: (s.header_generation, -s.slot_number))
    require(slot.major == 1, f"format {slot.major}.{slot.minor} is not known")
    require(slot.incompat == 0, f"unknown features {slot.incompat:#x}")
    require(slot.page_size == PAGE and slot.group_size == GROUP and slot.catalog_root == CATALOG_ROOT
            and slot.page_count > CATALOG_ROOT, "header: impossible numbers")
    return slot


# ---- pages


class Database:
    """All pages as of the newest commit, and who has claimed which."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        slot = choose_slot(self.data)
        self.uuid_hash = h(slot.uuid)
        self.seq, self.page_count, self.replayed = slot.checkpoint_seq, slot.page_count, {}
        require(len(self.data) >= PAGE * self.page_count, "the file was cut")
        if not slot.flags & 1:
            self.replay(Log(path, slot))
        self.claims = {0: OWNED, 1: OWNED}

    def replay(self, log):
        self.seq, self.page_count = log.seq, log.page_count
        for pid, (page, record, seq, _) in log.pages.items():
            if record.page_type:
                head = struct.pack("<QIIB7x", seq, pid, record.owner, record.page_type)
                rest = head + page[32:]
                page = struct.pack("<Q", h(rest, self.uuid_hash ^ pid)) + rest
            self.replayed[pid] = page

    def bytes_of(self, pid):
        if pid in self.replayed:
            return self.replayed[pid]
        page = self.data[pid * PAGE:(pid + 1) * PAGE]
        require(len(page) == PAGE, f"page {pid}: the file ends before it")
        return page

    def claim(self, pid, state, count=1):
        require(2 <= pid and pid + count <= self.page_count, f"page {pid}: not in the file")
        for page in range(pid, pid + count):
            require(page not in self.claims, f"page {page}: claimed twice")
            self.claims[page] = state

    def verified(self, pid, kind, owner):
        require(2 <= pid < self.page_count, f"page {pid}: not in the file")
        page = self.bytes_of(pid)
        head = PAGE_HEADER.read(page)
        require(head.sum == h(page[8:], self.uuid_hash ^ pid), f"page {pid}: wrong sum")
        require((head.pid, head.type, head.owner) == (pid, kind, owner), f"page {pid}: not the page that was meant")
        require(head.seq <= self.seq, f"page {pid}: of a later commit")
        return page

    def structure(self, pid, kind, owner):
        """A structure page that nobody has read before."""
        self.claim(pid, STRUCTURE)
        return self.verified(pid, kind, owner)

    def data_page(self, pid, expected_sum):
        self.claim(pid, DATA)
        page = self.bytes_of(pid)
        require(h(page, self.uuid_hash ^ pid) & 0xffffffff == expected_sum, f"data page {pid}: wrong sum")
        return page


# ---- blobs


def blob_height(size):
    if size <= 4032:
        return 0
    height = 1
    while 504 * 508 ** (height - 1) < ceil_div(size, PAGE):
        height += 1
    return height


class Blob:
    def __init__(self, database, root, owner):
        self.database, self.owner, self.pages = database, owner, 0
        page = database.structure(root, BLOB_ROOT, owner)
        head = BLOB_HEAD.read(page, 32)
        self.size = head.size
        require(head.height == blob_height(head.size) <= 4, f"blob {root}: wrong height")
        if head.height == 0:
            content = page[64:]
        else:
            content = bytearray(PAGE * ceil_div(head.size, PAGE))
            self.fill(content, page[64:], head.height, 0)
        require(not any(content[self.size:]), f"blob {root}: not zero behind the end")
        require(head.pages_owned == self.pages, f"blob {root}: pages_owned")
        self.content = bytes(content[:self.size])

    def fill(self, content, entries, level, first_page):
        stride = 508 ** (level - 1)
        for slot, (pid, expected_sum) in enumerate(struct.iter_unpack("<II", entries)):
            if pid == 0:
                require(expected_sum == 0, "blob: a hole with a sum")
                continue
            begin = PAGE * (first_page + slot * stride)
            require(begin < len(content), f"page {pid}: behind the end of its blob")
            self.pages += 1
            if level > 1:
                table = self.database.structure(pid, BLOB_TABLE, self.owner)
                self.fill(content, table[32:], level - 1, first_page + slot * stride)
            else:
                content[begin:begin + PAGE] = self.database.data_page(pid, expected_sum)


# ---- lists and hash tables


class Collection:
    """What lists and hash tables share: items, keys and values of any length."""

    def __init__(self, database, owner):
        self.database, self.owner, self.pages = database, owner, 0

    def read_part(self, record, form, length):
        if form == IN_RECORD:
            return record.take(length)
        if form == EXTENTS:
            return self.read_extents(record, length)
        require(form == IN_BLOB, "record: unknown form")
        blob = Blob(self.database, record.number(4), self.owner)
        require(blob.size == length, "record: length of a blob")
        self.pages += 1 + blob.pages
        return blob.content

    def read_extents(self, record, length):
        pages, count = [], record.number(1)
        require(count <= 16, "record: too many extents")
        for _ in range(count):
            first, log2_pages = record.number(4), record.number(1)
            require(log2_pages <= 4, "record: size of an extent")
            self.database.claim(first, OWNED, 1 << log2_pages)
            pages += range(first, first + (1 << log2_pages))
        self.pages += len(pages)
        require(ceil_div(length, 4056) <= len(pages), "record: extents too short")
        parts = []
        for index in range(ceil_div(length, 4056)):
            page = self.database.verified(pages[index], VALUE_PAGE, self.owner)
            used = min(4056, length - 4056 * index)
            require(struct.unpack_from("<II", page, 32) == (used, index), f"page {pages[index]}: not this part")
            parts.append(page[40:40 + used])
        return b"".join(parts)


class List(Collection):
    """Reads a whole list; `items` in order."""

    def __init__(self, database, root, owner):
        super().__init__(database, owner)
        self.items = []
        page = database.structure(root, LIST_NODE, owner)
        head = LIST_HEAD.read(page, 32)
        require(head.height <= 8, f"list {root}: impossible height")
        self.read_node(root, page, head)
        require(head.pages_owned == self.pages, f"list {root}: pages_owned")

    def read_node(self, pid, page, head):
        before = len(self.items)
        if head.height == 0:
            self.read_leaf(pid, page, head)
        else:
            self.read_children(pid, page, head)
        require(len(self.items) - before == head.items, f"page {pid}: number of items")

    def read_children(self, pid, page, head):
        require(1 <= head.count <= 252 and not any(page[56 + 16 * head.count:]), f"page {pid}: entries of a node")
        for items, child, zero in struct.iter_unpack("<QII", page[56:56 + 16 * head.count]):
            below = self.database.structure(child, LIST_NODE, self.owner)
            self.pages += 1
            child_head = LIST_HEAD.read(below, 32)
            expected = (head.height - 1, items, 0, 0)
            found = (child_head.height, child_head.items, child_head.pages_owned, zero)
            require(found == expected and child_head.count, f"page {child}: not the node that was meant")
            self.read_node(child, below, child_head)

    def read_leaf(self, pid, page, head):
        hole = 56 + 2 * head.count
        require(hole <= head.heap_start <= PAGE and not any(page[hole:head.heap_start]), f"page {pid}: hole not zero")
        live = 0
        for offset, in struct.iter_unpack("<H", page[56:hole]):
            require(head.heap_start <= offset, f"page {pid}: offset of a record")
            record = Bytes(page[offset:])
            form, length = record.number(1), record.varint()
            self.items.append(self.read_part(record, form, length))
            live += record.at
        require(live + head.dead_bytes == PAGE - head.heap_start, f"page {pid}: the heap is not filled")


class Hash(Collection):
    """Reads a whole table; `entries` is a dictionary of it."""

    def __init__(self, database, root, owner):
        super().__init__(database, owner)
        page = database.structure(root, HASH_ROOT, owner)
        self.head = HASH_HEAD.read(page, 32)
        require(self.head.bucket_count and self.head.cap_log2 <= 10, f"hash {root}: impossible numbers")
        self.entries, self.record_bytes, self.overflow_pages = {}, 0, 0
        self.segments = self.read_segments(page)
        for bucket in range(self.head.bucket_count):
            self.read_chain(bucket)
        found = (len(self.entries), self.record_bytes, self.overflow_pages, self.pages)
        said = (self.head.entries, self.head.record_bytes, self.head.overflow_pages, self.head.pages_owned)
        require(found == said, f"hash {root}: counted {found}, the root says {said}")

    def segment_of(self, bucket):
        cap = self.head.cap_log2
        return bucket.bit_length() if bucket < 1 << cap else cap + (bucket >> cap)

    def first_bucket(self, segment):
        cap = self.head.cap_log2
        if segment == 0:
            return 0
        return 1 << (segment - 1) if segment <= cap else (segment - cap) << cap

    def read_segments(self, page):
        count = self.segment_of(self.head.bucket_count - 1) + 1
        firsts = list(struct.unpack_from("<488I", page, 96))
        directories = struct.unpack_from("<512I", page, 2048)
        used = ceil_div(max(count - 488, 0), 1016)
        require(used == self.head.directory_pages <= 512 and not any(directories[used:]), "hash: directory pages")
        for pid in directories[:used]:
            directory = self.database.structure(pid, HASH_DIRECTORY, self.owner)
            firsts += struct.unpack_from("<1016I", directory, 32)
            self.pages += 1
        require(not any(firsts[count:]), "hash: a segment behind the last bucket")
        for segment, first in enumerate(firsts[:count]):
            pages = self.first_bucket(segment + 1) - self.first_bucket(segment)
            self.database.claim(first, OWNED, pages)
        return firsts

    def bucket_of(self, key_hash):
        level = (self.head.bucket_count - 1).bit_length()
        bucket = key_hash % (1 << level)
        return bucket if bucket < self.head.bucket_count else bucket - (1 << (level - 1))

    def read_chain(self, bucket):
        segment = self.segment_of(bucket)
        pid = self.segments[segment] + bucket - self.first_bucket(segment)
        page = self.database.verified(pid, HASH_BUCKET, self.owner)
        while True:
            head = BUCKET_HEAD.read(page, 32)
            require(head.bucket == bucket, f"page {pid}: of another bucket")
            self.read_bucket(pid, page, head)
            pid = head.overflow
            if pid == 0:
                return
            page = self.database.structure(pid, HASH_OVERFLOW, self.owner)
            require(BUCKET_HEAD.read(page, 32).count, f"page {pid}: an empty overflow page")
            self.overflow_pages += 1
            self.pages += 1

    def read_bucket(self, pid, page, head):
        offsets = 48 + head.capacity
        hole = 48 + 3 * head.capacity
        require(head.count <= head.capacity and head.capacity % 16 == 0 and hole <= head.heap_start <= PAGE,
                f"page {pid}: impossible numbers")
        unused = page[48 + head.count:offsets] + page[offsets + 2 * head.count:head.heap_start]
        require(not any(unused), f"page {pid}: hole or unused places not zero")
        live = 0
        for i in range(head.count):
            offset = struct.unpack_from("<H", page, offsets + 2 * i)[0]
            require(head.heap_start <= offset, f"page {pid}: offset of record {i}")
            live += self.read_record(pid, page[offset:], page[48 + i])
        require(live + head.dead_bytes == PAGE - head.heap_start, f"page {pid}: the heap is not filled")
        self.record_bytes += live

    def read_record(self, pid, data, fingerprint):
        record = Bytes(data)
        form = record.number(1)
        require(form < 16, f"page {pid}: form of a record")
        key_length, value_length = record.varint(), record.varint()
        stored_hash = record.number(8) if form & 3 else None
        key = self.read_part(record, form & 3, key_length)
        value = self.read_part(record, form >> 2, value_length)
        key_hash = h(key, self.head.seed)
        require(stored_hash in (None, key_hash), f"page {pid}: hash of a long key")
        require(fingerprint == key_hash >> 56, f"page {pid}: fingerprint")
        bucket = BUCKET_HEAD.read(self.database.bytes_of(pid), 32).bucket
        require(self.bucket_of(key_hash) == bucket, f"page {pid}: a key of another bucket")
        require(key not in self.entries, f"page {pid}: a key stands twice")
        self.entries[key] = value
        return record.at


# ---- the whole


def digest_of(parts):
    digest = xxhash.xxh3_64()
    for part in parts:
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return digest.hexdigest()


def summary_of(database, catalog, entry):
    if entry.kind == reader_catalog.BLOB:
        blob = Blob(database, entry.root, entry.id)
        return {"kind": "blob", "size": blob.size, "xxh3": f"{h(blob.content):016x}"}
    if entry.kind == reader_catalog.LIST:
        items = List(database, entry.root, entry.id).items
        return {"kind": "list", "items": len(items), "xxh3": digest_of(items)}
    if entry.kind == reader_catalog.HASH:
        entries = Hash(database, entry.root, entry.id).entries
        parts = [part for key in sorted(entries) for part in (key, entries[key])]
        return {"kind": "hash", "entries": len(entries), "xxh3": digest_of(parts)}
    children = {child.name: summary_of(database, catalog, catalog.child(entry, child)) for child in entry.children}
    return {"kind": entry.kind_name, "options": entry.options.hex(), "children": children}


def read_dropped(database, catalog):
    """Walks what is left of dropped collections, and the list of them."""
    if catalog.state.reaper_root == 0:
        return
    for value in List(database, catalog.state.reaper_root, 0).items:
        entry = reader_catalog.read_entry(value)
        require(entry.kind != reader_catalog.COMPOSITE, "a dropped composite, which has no pages")
        catalog.take_id(entry, "a dropped collection")
        summary_of(database, catalog, entry)


def check_space_map(database):
    groups = range(0, database.page_count, GROUP)
    maps = {first: database.structure(first or 2, MAP, 0) for first in groups}
    for first, page in maps.items():
        states = [page[32 + i // 4] >> 2 * (i % 4) & 3 for i in range(GROUP)]
        claimed = [database.claims.get(first + i, FREE) for i in range(GROUP)]
        for i, (said, found) in enumerate(zip(states, claimed)):
            require(said == found, f"page {first + i}: state {said} in the space map, found {found}")
        free = "".join("f" if state == FREE else " " for state in states[:database.page_count - first])
        counts = free.count("f"), max(map(len, free.split(" ")))
        require(counts == struct.unpack_from("<II", page, 4064), f"map of page {first}: counts of free pages")


def read_database(path):
    database = Database(path)
    catalog = reader_catalog.Catalog(Hash(database, CATALOG_ROOT, 0).entries)
    collections = {name: summary_of(database, catalog, entry) for name, entry in catalog.named.items()}
    read_dropped(database, catalog)
    check_space_map(database)
    return {"seq": database.seq, "pages": database.page_count, "collections": collections}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        summary = read_database(sys.argv[1])
    except Corrupt as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    print(json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False))


if __name__ == "__main__":
    main()
