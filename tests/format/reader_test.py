#!/usr/bin/python3
"""Tests of reader.py: reader_test.py DIRECTORY_OF_FILES DIRECTORY_OF_EXPECTED_CONTENT

The files are those of make_golden: clean.quire, wide.quire, and crashed.quire, dropping.quire and imported.quire with
their logs.
"""

import glob
import json
import os
import shutil
import sys
import tempfile
import unittest
from unittest import mock

import reader
import reader_log

FILES, CONTENT = sys.argv[1:3]


def watch(owner, name):
    """Within `with`, the calls of a method as call_args_list."""
    return mock.patch.object(owner, name, autospec=True, side_effect=getattr(owner, name))


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


class ReaderTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for path in glob.glob(os.path.join(FILES, "*.quire*")):
            shutil.copy(path, directory.name)
        self.clean = os.path.join(directory.name, "clean.quire")
        self.wide = os.path.join(directory.name, "wide.quire")
        self.crashed = os.path.join(directory.name, "crashed.quire")
        self.dropping = os.path.join(directory.name, "dropping.quire")
        self.imported = os.path.join(directory.name, "imported.quire")

    def expect_content(self, path, name):
        with open(os.path.join(CONTENT, name), encoding="utf-8") as file:
            self.assertEqual(reader.read_database(path), json.load(file))

    def expect_corrupt(self, path, what):
        with self.assertRaises(reader.Corrupt, msg=what):
            reader.read_database(path)

    def test_reads_a_clean_file(self):
        self.expect_content(self.clean, "clean.json")

    def test_finds_the_buckets_that_a_directory_names(self):
        with watch(reader.Database, "structure") as structure:
            self.expect_content(self.wide, "wide.json")
        self.assertIn(reader.HASH_DIRECTORY, [call.args[2] for call in structure.call_args_list])

    def test_finds_leaves_two_levels_below_the_root_of_a_list(self):
        with watch(reader.List, "read_node") as read_node:
            self.expect_content(self.wide, "wide.json")
        self.assertEqual({call.args[3].height for call in read_node.call_args_list}, {0, 1, 2})

    def test_finds_children_of_children(self):
        summary = reader.read_database(self.clean)["collections"]["shelf, renamed"]
        self.assertEqual((summary["kind"], summary["options"]), ("golden.shelf", "0100ff"))
        self.assertEqual(summary["children"]["box, größer"]["children"]["content"]["size"], 6000)

    def test_accounts_for_what_was_dropped_and_is_not_free_yet(self):
        with watch(reader.List, "read_leaf") as read_leaf:
            self.expect_content(self.dropping, "dropping.json")
        self.assertEqual(read_leaf.call_args_list[-1].args[0].owner, 0)

    def test_replays_the_log_of_a_crashed_file(self):
        self.expect_content(self.crashed, "crashed.json")

    def test_log_has_every_kind_of_chunk_and_record(self):
        with open(self.crashed, "rb") as file:
            slot = reader.choose_slot(file.read())
        with watch(reader_log.Log, "advance") as advance, watch(reader_log.Log, "apply") as apply:
            log = reader_log.Log(self.crashed, slot)
        chunks = {call.args[1].kind for call in advance.call_args_list}
        records = {call.args[1].kind for call in apply.call_args_list}
        self.assertEqual(chunks, {reader_log.PART, reader_log.COMMIT, reader_log.MARK, reader_log.END})
        self.assertEqual(records, {reader_log.IMAGE, reader_log.INIT, reader_log.DELTA, reader_log.BULK})
        self.assertTrue(log.parts, "the log ends in a commit that is not whole")

    def test_leaves_pages_alone_that_were_written_before_their_commit(self):
        with watch(reader_log.Log, "apply") as apply:
            self.expect_content(self.imported, "imported.json")
        older, runs = set(), []
        for call in apply.call_args_list:
            record = call.args[1]
            if record.kind == reader_log.BULK:
                runs.append(range(record.pid, record.pid + record.length))
            elif not runs:
                older.add(record.pid)
        self.assertGreater(sum(map(len, runs)), 64)
        self.assertTrue(any(pid in run for pid in older for run in runs), "in the place of pages that the log names")

    def test_finds_a_flipped_bit_in_every_page_that_holds_something(self):
        with watch(reader.Database, "bytes_of") as bytes_of:
            reader.read_database(self.clean)
        pids = {call.args[1] for call in bytes_of.call_args_list}
        self.assertGreater(len(pids), 100)
        for pid in sorted(pids):
            offset = 4096 * pid + 31 * pid % 4096
            flip(self.clean, offset)
            self.expect_corrupt(self.clean, f"page {pid}")
            flip(self.clean, offset)
        self.expect_content(self.clean, "clean.json")

    def test_one_header_slot_is_enough(self):
        for slot in (0, 1):
            flip(self.clean, 4096 * slot + 100)
            self.expect_content(self.clean, "clean.json")
            flip(self.clean, 4096 * slot + 100)
        flip(self.clean, 100)
        flip(self.clean, 4096 + 100)
        self.expect_corrupt(self.clean, "both slots")

    def test_finds_damage_to_what_had_been_synced(self):
        for offset in (0, 100, 4096, 4096 + 100):  # block 0, the first chunk
            for segment in (1, 2):
                path = f"{self.crashed}-wal.{segment:06d}"
                flip(path, offset)
                self.expect_corrupt(self.crashed, f"segment {segment}, offset {offset}")
                flip(path, offset)
        self.expect_content(self.crashed, "crashed.json")

    def test_finds_that_a_segment_is_missing(self):
        os.remove(f"{self.crashed}-wal.000002")
        self.expect_corrupt(self.crashed, "segment 2")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
