// What `quire ls` and `quire cat` do with a flat file. Its keys are locations: SEGMENT:OFFSET:LENGTH.

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <quire/flat_file.h>

#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/kind_content.h"
#include "tools/table.h"

namespace quire::tools {

namespace {

constexpr const char* kLocationAdvice =
    "`quire cat FILE NAME --json` lists the location of each value";

[[noreturn]] void throw_no_value(const ContentArguments& arguments) {
  throw_of<NotFound>(arguments, "no value at '" + *arguments.key + "'; " + kLocationAdvice);
}

DataLocation parse_location(const ContentArguments& arguments) {
  const std::string& text = *arguments.key;
  DataLocation location;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::uint64_t* number : {&location.segment, &location.offset, &location.length}) {
    const auto [next, error] = std::from_chars(at, end, *number);
    const bool is_last = number == &location.length;
    if (error != std::errc() || (is_last ? next != end : next == end || *next != ':')) {
      throw_of<InvalidArgument>(
          arguments, "'" + text + "' is no location of a flat file; give SEGMENT:OFFSET:LENGTH, " +
                         kLocationAdvice);
    }
    at = is_last ? next : next + 1;
  }
  return location;
}

std::string location_text(const DataLocation& location) {
  return fmt::format("{}:{}:{}", location.segment, location.offset, location.length);
}

void list_segments(const ContentArguments& arguments, const Snapshot& snapshot) {
  using Align = Table::Align;
  Table table({Align::right, Align::right, Align::right, Align::right, Align::left});
  table.add({"SEGMENT", "VALUES", "BYTES", "STORED", ""});
  Json document = content_json(arguments);
  document["kind"] = FlatFile::kKind;
  document["segments"] = Json::array();
  for (const FlatFileSegment& segment : snapshot.open<FlatFile>(arguments.collection).segments()) {
    table.add({std::to_string(segment.id), count_text(segment.values), count_text(segment.size),
               count_text(segment.stored_size), segment.sealed ? "" : "open"});
    document["segments"].push_back({{"segment", segment.id},
                                    {"values", segment.values},
                                    {"bytes", segment.size},
                                    {"stored_bytes", segment.stored_size},
                                    {"sealed", segment.sealed}});
  }
  if (arguments.json) return print_json(document);
  write_data(table.text());
}

// In pieces, so that a value may be larger than memory.
void write_value(const FlatFileView& flat_file, const DataLocation& location) {
  auto in = flat_file.reader(location);
  in.exceptions(std::ios::badbit);
  std::vector<char> piece(std::size_t{64} << 10);
  while (in) {
    throw_if_interrupted();
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    write_data(ByteView(piece).sub(0, static_cast<std::size_t>(in.gcount())));
  }
}

void print_all_values(const ContentArguments& arguments, const FlatFileView& flat_file) {
  Json document = content_json(arguments);
  document["kind"] = FlatFile::kKind;
  document["values"] = Json::array();
  for (const FlatFileSegment& segment : flat_file.segments()) {
    for (const DataLocation& location : flat_file.scan(segment.id)) {
      throw_if_interrupted();
      if (!arguments.json) {
        write_value(flat_file, location);
        continue;
      }
      Json entry;
      entry["location"] = location_text(location);
      set_bytes(entry, "value", flat_file.get(location));
      document["values"].push_back(std::move(entry));
    }
  }
  if (arguments.json) print_json(document);
}

void print_flat_file(const ContentArguments& arguments, const Snapshot& snapshot) {
  const FlatFileView flat_file = snapshot.open<FlatFile>(arguments.collection);
  if (!arguments.key) return print_all_values(arguments, flat_file);
  const DataLocation location = parse_location(arguments);
  try {
    if (arguments.json) return print_value(arguments, flat_file.get(location));
    write_value(flat_file, location);
  } catch (const std::out_of_range&) {
    throw_no_value(arguments);
  } catch (const NotFound&) {
    throw_no_value(arguments);
  }
}

}  // namespace

const KindContent kFlatFileContent{FlatFile::kKind, list_segments, print_flat_file};

}  // namespace quire::tools
