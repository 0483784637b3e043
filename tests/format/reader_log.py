"""The live log, replayed in memory; see reader.py."""

import os
import struct

from reader_bytes import PAGE, Layout, h, require, round_up

LOG_MAGIC = b"QUIRELOG"
PART, COMMIT, MARK, END = 1, 2, 3, 4
IMAGE, INIT, DELTA, BULK = 1, 2, 3, 4

SEGMENT = Layout("magic:8s sum:Q major:H minor:H block_size:I uuid:16s log_id:16s segment_no:Q generation:Q salt:Q "
                 "segment_bytes:Q seq_before:Q prev_segment:Q zero:Q prev_end_sum:Q")
CHUNK = Layout("sum:Q body_length:I kind:B flags:B zero:H seq:Q prev_sum:Q body_sum:Q durable_segment:I "
               "durable_eighths:I")
TRAILER = Layout("chunks:I page_records:I body_bytes:Q page_count:I flags:I part_sums:Q")
PAGE_RECORD = Layout("pid:I kind:B page_type:B range_count:H owner:I length:I")


class Segment:
    """A segment with a valid block 0."""

    def __init__(self, number, data):
        self.number, self.data = number, data
        self.head = SEGMENT.read(data)
        self.limit = min(len(data), self.head.segment_bytes)

    def chunk_header(self, offset):
        """The header at `offset` if its own sum holds."""
        if offset + CHUNK.size > self.limit:
            return None
        chunk = CHUNK.read(self.data, offset)
        summed = self.data[offset + 8:offset + CHUNK.size]
        known = PART <= chunk.kind <= END
        return chunk if known and chunk.sum == h(summed, self.head.salt ^ offset) else None

    def chunk(self, offset):
        """Header and body of the chunk at `offset` if both sums hold."""
        chunk = self.chunk_header(offset)
        if chunk is None or chunk.body_length > 256 * 1024:
            return None
        begin = offset + CHUNK.size
        if begin + chunk.body_length > self.limit:
            return None
        chunk.body = self.data[begin:begin + chunk.body_length]
        return chunk if chunk.body_sum == h(chunk.body, self.head.salt ^ offset) else None


def segment_path(path, number):
    return f"{path}-wal.{number:06d}"


def open_segment(path, slot, number):
    try:
        with open(segment_path(path, number), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return None
    if len(data) < PAGE:
        return None
    head = SEGMENT.read(data)
    valid = (head.magic == LOG_MAGIC and head.sum == h(data[16:PAGE], int.from_bytes(LOG_MAGIC, "little"))
             and (head.uuid, head.log_id, head.segment_no) == (slot.uuid, slot.log_id, number))
    if not valid:
        return None
    require(head.major == 1 and head.block_size == PAGE, "log: a version that is not known")
    return Segment(number, data)


def durable_end(chunk):
    return chunk.durable_segment, 8 * chunk.durable_eighths


def page_records(body):
    """The page records of a body without its trailer, each with its payload."""
    at = 0
    while at < len(body):
        record = PAGE_RECORD.read(body, at)
        length = 0 if record.kind == BULK else record.length
        size = round_up(PAGE_RECORD.size + length, 8)
        require(at + size <= len(body), f"page record of page {record.pid}: longer than its chunk")
        begin = at + PAGE_RECORD.size
        record.payload = body[begin:begin + length]
        yield record
        at += size


class Log:
    """The live log: which commit it ends with, and what it says of each page."""

    def __init__(self, path, slot):
        self.path, self.slot = path, slot
        self.seq, self.page_count = slot.checkpoint_seq, slot.page_count
        self.pages = {}  # pid -> (bytes, record, seq, generation)
        self.parts = []
        self.segment = self.enter(slot.first_segment)
        head = self.segment.head
        require((head.generation, head.seq_before) == (slot.first_generation, self.seq),
                "first segment: another generation or seq")
        self.offset, self.chain = PAGE, head.prev_end_sum
        while (chunk := self.next_chunk()) is not None:
            self.advance(chunk)
        self.refuse_if_durable()

    def enter(self, number):
        segment = open_segment(self.path, self.slot, number)
        require(segment, f"{segment_path(self.path, number)} is needed, and missing or damaged")
        return segment

    @property
    def at(self):
        return self.segment.number, self.offset

    def next_chunk(self):
        chunk = self.segment.chunk(self.offset)
        if chunk is None or chunk.prev_sum != self.chain or durable_end(chunk) > self.at:
            return None
        if chunk.kind == PART:
            self.parts.append((chunk, list(page_records(chunk.body))))
            return chunk
        if chunk.kind == MARK:
            return chunk if not chunk.body else None
        if chunk.kind == END:
            return chunk if chunk.body == struct.pack("<Q", self.segment.number + 1) else None
        return chunk if self.take_commit(chunk) else None

    def take_commit(self, chunk):
        if chunk.seq != self.seq + 1 or chunk.body_length < TRAILER.size:
            return False
        trailer = TRAILER.read(chunk.body, chunk.body_length - TRAILER.size)
        if not 1 <= trailer.chunks <= len(self.parts) + 1:
            return False
        parts = self.parts[len(self.parts) - (trailer.chunks - 1):]
        if any(part.seq != chunk.seq for part, _ in parts):
            return False
        records = [record for _, part in parts for record in part]
        records += page_records(chunk.body[:-TRAILER.size])
        sums = b"".join(struct.pack("<Q", part.body_sum) for part, _ in parts)
        body_bytes = chunk.body_length + sum(part.body_length for part, _ in parts)
        if (trailer.part_sums, trailer.body_bytes, trailer.page_records) != (h(sums), body_bytes, len(records)):
            return False
        self.seq, self.page_count, self.parts = chunk.seq, trailer.page_count, []
        for record in records:
            self.apply(record)
        return True

    def apply(self, record):
        where = f"page record of page {record.pid}"
        pages = record.length if record.kind == BULK else 1
        require(2 <= record.pid and pages >= 1 and record.pid + pages <= self.page_count, f"{where}: not in the file")
        if record.kind == BULK:
            for pid in [pid for pid in self.pages if record.pid <= pid < record.pid + pages]:
                require(self.pages[pid][2] != self.seq, f"{where}: the second one in a commit")
                del self.pages[pid]
            return
        first = 32 if record.page_type else 0
        generation = self.segment.head.generation
        old, before, seq, since = self.pages.get(record.pid, (None, None, None, None))
        require(seq != self.seq, f"{where}: the second one in a commit")
        if record.kind == IMAGE:
            require(record.length == PAGE - first, f"{where}: wrong length")
            page = bytes(first) + record.payload
        else:
            require(record.kind in (INIT, DELTA), f"{where}: unknown kind")
            if record.kind == DELTA:
                require(old is not None and since == generation, f"{where}: a delta of nothing")
                require((before.page_type, before.owner) == (record.page_type, record.owner), f"{where}: not its page")
            page = self.with_ranges(record, old if record.kind == DELTA else bytes(PAGE), first, where)
        self.pages[record.pid] = (page, record, self.seq, generation)

    @staticmethod
    def with_ranges(record, old, first, where):
        page, end = bytearray(old), first
        source = 4 * record.range_count
        require(source <= len(record.payload), f"{where}: too many ranges")
        for offset, length in struct.iter_unpack("<HH", record.payload[:source]):
            require(length and end <= offset and offset + length <= PAGE, f"{where}: bad ranges")
            page[offset:offset + length] = record.payload[source:source + length]
            source, end = source + length, offset + length
        require(source == len(record.payload) and len(page) == PAGE, f"{where}: wrong length")
        return bytes(page)

    def advance(self, chunk):
        self.chain = chunk.sum
        self.offset = round_up(self.offset + CHUNK.size + chunk.body_length, PAGE if chunk.flags & 2 else 8)
        if chunk.kind != END:
            return
        before = self.segment
        self.segment = self.enter(before.number + 1)
        head = self.segment.head
        require((head.prev_segment, head.prev_end_sum, head.seq_before) == (before.number, chunk.sum, self.seq),
                f"segment {self.segment.number} does not follow its predecessor")
        if head.generation != before.head.generation:
            require(head.generation == before.head.generation + 1, "a generation is missing")
            self.parts = []
        self.offset = PAGE

    def refuse_if_durable(self):
        directory, name = os.path.split(self.path)
        prefix = name + "-wal."
        for entry in os.listdir(directory or "."):
            digits = entry[len(prefix):]
            if not entry.startswith(prefix) or not digits.isdigit() or int(digits) < self.segment.number:
                continue
            segment = open_segment(self.path, self.slot, int(digits))
            begin = self.offset if segment and segment.number == self.segment.number else PAGE
            for offset in range(begin, segment.limit, 8) if segment else ():
                chunk = segment.chunk_header(offset)
                require(chunk is None or durable_end(chunk) <= self.at, "the log is broken where it had been synced")
