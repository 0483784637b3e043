// What `quire ls` and `quire cat` do with pipes.

#include <fmt/format.h>

#include <string>
#include <utility>

#include <quire/pipe.h>

#include "tools/interrupt.h"
#include "tools/kind_content.h"

namespace quire::tools {

namespace {

void list_pipe(const ContentArguments& arguments, const Snapshot& snapshot) {
  Json document = content_json(arguments);
  document["kind"] = Pipe::kKind;
  document["blocks"] = Json::array();
  const auto write_line = [](auto pairs, auto bytes, auto stored, const std::string& key) {
    write_data(fmt::format("{:>10} {:>14} {:>14}  {}\n", pairs, bytes, stored, key));
  };
  if (!arguments.json) write_line("PAIRS", "BYTES", "STORED", "BLOCK");
  for (const Block& block : snapshot.open<Pipe>(arguments.collection)) {
    throw_if_interrupted();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", block.key());
      entry["pairs"] = block.size();
      entry["raw_bytes"] = block.raw_bytes();
      entry["stored_bytes"] = block.stored_bytes();
      document["blocks"].push_back(std::move(entry));
    } else {
      write_line(block.size(), block.raw_bytes(), block.stored_bytes(),
                 for_standard_output(block.key().text()));
    }
  }
  if (arguments.json) print_json(document);
}

Json pairs_json(const Block& block) {
  Json pairs = Json::array();
  for (const auto [key, value] : block) {
    throw_if_interrupted();
    pairs.push_back(entry_json(key, value));
  }
  return pairs;
}

void print_pairs(const Block& block) {
  for (const auto [key, value] : block) {
    throw_if_interrupted();
    write_data(entry_line(key, value));
  }
}

void print_block(const ContentArguments& arguments, const PipeView& pipe) {
  const auto found = pipe.find(*arguments.key);
  if (found == pipe.end()) throw_no_key(arguments);
  if (!arguments.json) return print_pairs(*found);
  Json document = content_json(arguments);
  document["kind"] = Pipe::kKind;
  document["pairs"] = pairs_json(*found);
  print_json(document);
}

void print_pipe(const ContentArguments& arguments, const Snapshot& snapshot) {
  const PipeView pipe = snapshot.open<Pipe>(arguments.collection);
  if (arguments.key) return print_block(arguments, pipe);
  Json document = content_json(arguments);
  document["kind"] = Pipe::kKind;
  document["blocks"] = Json::array();
  for (const Block& block : pipe) {
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", block.key());
      entry["pairs"] = pairs_json(block);
      document["blocks"].push_back(std::move(entry));
    } else {
      write_data("# " + for_standard_output(block.key().text()) + "\n");
      print_pairs(block);
    }
  }
  if (arguments.json) print_json(document);
}

}  // namespace

const KindContent kPipeContent{Pipe::kKind, list_pipe, print_pipe};

}  // namespace quire::tools
