// docs/file-format.md and the code say the same: every field table, number and enumeration of the
// page is read and compared with that of the *_format.h files.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <quire/codec.h>
#include <quire/record_layout.h>

#include "base/field_table.h"
#include "engine/catalog_format.h"
#include "facades/flat_file_format.h"
#include "facades/partd_format.h"
#include "facades/pipe_format.h"
#include "facades/record_format.h"
#include "pager/header_format.h"
#include "pager/page_format.h"
#include "pager/space_map_format.h"
#include "structures/blob_format.h"
#include "structures/hash_format.h"
#include "structures/list_format.h"
#include "wal/log_format.h"

namespace quire {
namespace {

using Lines = std::vector<std::string>;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- the page

struct DocTable {
  std::string heading;  // the nearest one above
  Lines columns;
  std::vector<Lines> rows;
};

/// The cells of a line of a table, without the blanks around them.
Lines cells_of(const std::string& line) {
  Lines cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t begin = cell.find_first_not_of(' ');
    const std::size_t end = cell.find_last_not_of(' ');
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

std::vector<DocTable> read_tables(const std::string& text) {
  std::vector<DocTable> tables;
  std::string heading;
  bool in_table = false;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const bool is_row = line.starts_with('|');
    if (line.starts_with('#')) heading = line.substr(line.find(' ') + 1);
    if (is_row && !in_table) {
      tables.push_back({heading, cells_of(line), {}});
    } else if (is_row && !line.starts_with("|---")) {
      tables.back().rows.push_back(cells_of(line));
    }
    in_table = is_row;
  }
  return tables;
}

const std::vector<DocTable>& doc_tables() {
  static const std::vector<DocTable> tables =
      read_tables(read_text(QUIRE_SOURCE_DIR "/docs/file-format.md"));
  return tables;
}

/// The tables whose first columns are `columns`, as one line of those columns for each row, by
/// heading. A heading that has two such tables is an error.
std::map<std::string, Lines> doc_lines(const Lines& columns) {
  std::map<std::string, Lines> found;
  for (const DocTable& table : doc_tables()) {
    if (table.columns.size() < columns.size() ||
        !std::equal(columns.begin(), columns.end(), table.columns.begin())) {
      continue;
    }
    Lines lines;
    for (const Lines& row : table.rows) {
      std::string line;
      for (std::size_t i = 0; i < columns.size(); ++i) line += row.at(i) + ' ';
      lines.push_back(line);
    }
    EXPECT_TRUE(found.emplace(table.heading, lines).second) << "two tables: " << table.heading;
  }
  return found;
}

/// Bytes that the page shows, and where.
struct Excerpt {
  std::string file;
  std::size_t offset;
  std::string bytes;  // in hexadecimal
};

/// The lines `offset: bytes | meaning` of each block that begins with ```bytes FILE.
std::vector<Excerpt> doc_excerpts() {
  static const std::regex first("```bytes (\\S+)");
  static const std::regex excerpt(" *(\\d+): ([0-9a-f]{2}( [0-9a-f]{2})*) +\\|.*");
  std::vector<Excerpt> excerpts;
  std::string file;
  std::istringstream in(read_text(QUIRE_SOURCE_DIR "/docs/file-format.md"));
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_match(line, match, first)) {
      file = match[1];
    } else if (line == "```") {
      file.clear();
    } else if (!file.empty()) {
      EXPECT_TRUE(std::regex_match(line, match, excerpt)) << line;
      if (!match.empty()) excerpts.push_back({file, std::stoul(match[1]), match[2]});
    }
  }
  return excerpts;
}

// ---- the code

template <class Struct, std::size_t N>
FieldTable table(std::string_view name, const std::array<Field, N>& fields) {
  return {name, fields, sizeof(Struct)};
}

std::vector<FieldTable> code_tables() {
  using namespace facades;
  using namespace structures;
  using namespace wal;
  return {
      table<HeaderSlot>("HeaderSlot", kHeaderSlotFields),
      table<StructurePageHeader>("StructurePageHeader", kStructurePageHeaderFields),
      table<MapPage>("MapPage", kMapPageFields),
      table<BlobRootPage>("BlobRootPage", kBlobRootPageFields),
      table<BlobTablePage>("BlobTablePage", kBlobTablePageFields),
      table<BlobEntry>("BlobEntry", kBlobEntryFields),
      table<ListNodeHeader>("ListNodeHeader", kListNodeHeaderFields),
      table<ListInnerPage>("ListInnerPage", kListInnerPageFields),
      table<ListEntry>("ListEntry", kListEntryFields),
      table<HashRootPage>("HashRootPage", kHashRootPageFields),
      table<HashDirectoryPage>("HashDirectoryPage", kHashDirectoryPageFields),
      table<BucketHeader>("BucketHeader", kBucketHeaderFields),
      table<ExtentEntry>("ExtentEntry", kExtentEntryFields),
      table<ValuePage>("ValuePage", kValuePageFields),
      table<CatalogEntryHeader>("CatalogEntryHeader", kCatalogEntryFields),
      table<CatalogState>("CatalogState", kCatalogStateFields),
      table<SegmentHeader>("SegmentHeader", kSegmentHeaderFields),
      table<ChunkHeader>("ChunkHeader", kChunkHeaderFields),
      table<CommitTrailer>("CommitTrailer", kCommitTrailerFields),
      table<EndBody>("EndBody", kEndBodyFields),
      table<PageRecordHeader>("PageRecordHeader", kPageRecordHeaderFields),
      table<ByteRange>("ByteRange", kByteRangeFields),
      table<PipeSettings>("PipeSettings", kPipeSettingsFields),
      table<PipeEntry>("PipeEntry", kPipeEntryFields),
      table<PipeKeyEntry>("PipeKeyEntry", kPipeKeyEntryFields),
      table<PipeState>("PipeState", kPipeStateFields),
      table<StoredFlatFileOptions>("StoredFlatFileOptions", kStoredFlatFileOptionsFields),
      table<SegmentRecord>("SegmentRecord", kSegmentRecordFields),
      table<StoredPartdOptions>("StoredPartdOptions", kStoredPartdOptionsFields),
      table<PartdFrame>("PartdFrame", kPartdFrameFields),
      table<RecordOptionsHeader>("RecordOptionsHeader", kRecordOptionsHeaderFields),
      table<RecordFieldHeader>("RecordFieldHeader", kRecordFieldHeaderFields),
      table<RecordIndexEntry>("RecordIndexEntry", kRecordIndexEntryFields),
      table<FreeSlots>("FreeSlots", kFreeSlotsFields),
      table<SlotHeader>("SlotHeader", kSlotHeaderFields),
      table<RecordArrayEntry>("RecordArrayEntry", kRecordArrayEntryFields),
      table<RingState>("RingState", kRingStateFields),
  };
}

std::map<std::string, Lines> code_lines() {
  std::map<std::string, Lines> found;
  for (const FieldTable& table : code_tables()) {
    Lines& lines = found[std::string(table.structure)];
    for (const Field& field : table.fields) {
      lines.push_back(std::to_string(field.offset) + ' ' + std::to_string(field.size) + ' ' +
                      std::string(field.name) + ' ');
    }
  }
  return found;
}

/// The structures that have a field table anywhere in the source.
std::set<std::string> structures_with_fields() {
  std::set<std::string> names;
  const std::regex field("QUIRE_FIELD\\((\\w+),");
  for (const char* layer : {"base", "os", "pager", "wal", "structures", "engine", "facades"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(QUIRE_SOURCE_DIR "/" + std::string(layer))) {
      if (!entry.path().filename().string().ends_with("_format.h")) continue;
      const std::string text = read_text(entry.path());
      for (std::sregex_iterator it(text.begin(), text.end(), field), end; it != end; ++it) {
        names.insert((*it)[1]);
      }
    }
  }
  return names;
}

std::string hex_bytes(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

Lines code_numbers() {
  using namespace structures;
  using namespace wal;
  const std::pair<const char*, std::string> numbers[] = {
      {"page_size", number(kPageSize)},
      {"header_magic", hex_bytes(kHeaderMagic)},
      {"log_magic", hex_bytes({kLogMagic.data(), kLogMagic.size()})},
      {"major", number(kHeaderMajor)},
      {"minor", number(kHeaderMinor)},
      {"clean_flag", number(kHeaderFlagClean)},
      {"first_map_page", number(kFirstMapPage)},
      {"catalog_root", number(kCatalogRoot)},
      {"group_size", number(kGroupSize)},
      {"blob_inline_bytes", number(kBlobInlineBytes)},
      {"blob_root_entries", number(kBlobRootEntries)},
      {"blob_table_entries", number(kBlobTableEntries)},
      {"blob_max_height", number(kBlobMaxHeight)},
      {"list_inner_entries", number(kListInnerEntries)},
      {"list_max_height", number(kListMaxHeight)},
      {"hash_root_segments", number(kRootSegments)},
      {"hash_root_directories", number(kRootDirectories)},
      {"hash_directory_segments", number(kDirectorySegments)},
      {"hash_max_cap_log2", number(kMaxSegmentCapLog2)},
      {"bucket_capacity_step", number(kCapacityStep)},
      {"max_inline_part", number(kMaxInlinePart)},
      {"max_run_bytes", number(kMaxRunBytes)},
      {"max_extents", number(kMaxExtents)},
      {"max_extent_log2", number(kMaxExtentLog2)},
      {"value_page_bytes", number(kValuePageBytes)},
      {"max_name_bytes", number(kMaxNameBytes)},
      {"max_kind_name_bytes", number(kMaxKindNameBytes)},
      {"max_options_bytes", number(kMaxOptionsBytes)},
      {"max_children", number(kMaxChildren)},
      {"max_child_depth", number(kMaxChildDepth)},
      {"catalog_entry_version", number(kCatalogEntryVersion)},
      {"chunk_alignment", number(kChunkAlignment)},
      {"max_body_bytes", number(kMaxBodyBytes)},
      {"relaxed_flag", number(kRelaxedFlag)},
      {"group_ends_flag", number(kGroupEndsFlag)},
      {"structure_payload", number(kStructurePayloadOffset)},
  };
  Lines lines;
  for (const auto& [name, value] : numbers) lines.push_back(name + (' ' + value) + ' ');
  return lines;
}

template <class Enum>
std::string line(Enum value, const char* name) {
  return number(static_cast<std::uint64_t>(value)) + ' ' + name + ' ';
}

std::map<std::string, Lines> code_enumerations() {
  using namespace structures;
  using namespace wal;
  using facades::BlockForm;
  return {
      {"PageType",
       {line(PageType::data, "data"), line(PageType::map, "map"),
        line(PageType::blob_root, "blob_root"), line(PageType::blob_table, "blob_table"),
        line(PageType::list_node, "list_node"), line(PageType::hash_root, "hash_root"),
        line(PageType::hash_directory, "hash_directory"),
        line(PageType::hash_bucket, "hash_bucket"), line(PageType::hash_overflow, "hash_overflow"),
        line(PageType::value, "value")}},
      {"PageState",
       {line(PageState::free, "free"), line(PageState::structure, "structure"),
        line(PageState::data, "data"), line(PageState::owned, "owned")}},
      {"PartForm",
       {line(PartForm::bytes, "bytes"), line(PartForm::extents, "extents"),
        line(PartForm::blob, "blob")}},
      {"CollectionKind",
       {line(CollectionKind::blob, "blob"), line(CollectionKind::list, "list"),
        line(CollectionKind::hash, "hash"), line(CollectionKind::composite, "composite")}},
      {"BlockForm", {line(BlockForm::raw, "raw"), line(BlockForm::zstd, "zstd")}},
      {"Codec",
       {line(Codec::none, "none"), line(Codec::zstd, "zstd"), line(Codec::lz4, "lz4"),
        line(Codec::snappy, "snappy")}},
      {"RecordFieldKind",
       {line(RecordFieldKind::bytes, "bytes"),
        line(RecordFieldKind::unsigned_integer, "unsigned_integer"),
        line(RecordFieldKind::signed_integer, "signed_integer"),
        line(RecordFieldKind::floating_point, "floating_point"),
        line(RecordFieldKind::text, "text")}},
      {"ChunkKind",
       {line(ChunkKind::part, "part"), line(ChunkKind::commit, "commit"),
        line(ChunkKind::mark, "mark"), line(ChunkKind::end, "end")}},
      {"PageRecordKind",
       {line(PageRecordKind::image, "image"), line(PageRecordKind::init, "init"),
        line(PageRecordKind::delta, "delta"), line(PageRecordKind::bulk, "bulk")}},
  };
}

// ---- the comparison

TEST(FormatDoc, KnowsEveryFieldTableOfTheSource) {
  std::set<std::string> known;
  for (const FieldTable& table : code_tables()) known.emplace(table.structure);
  EXPECT_EQ(known, structures_with_fields());
}

TEST(FormatDoc, ShowsEveryFieldOfEveryStructureAndNoOther) {
  EXPECT_EQ(doc_lines({"offset", "size", "field"}), code_lines());
}

TEST(FormatDoc, ShowsTheNumbersOfTheCode) {
  const auto numbers = doc_lines({"constant", "value"});
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers.at("Numbers"), code_numbers());
  EXPECT_EQ(kHeaderMajor, wal::kLogMajor) << "the page says that they are one number";
  EXPECT_EQ(kHeaderMinor, wal::kLogMinor) << "the page says that they are one number";
  EXPECT_EQ(kPageSize, wal::kBlockSize) << "the page says that they are one number";
}

TEST(FormatDoc, ShowsEveryValueOfEveryEnumeration) {
  EXPECT_EQ(doc_lines({"value", "name"}), code_enumerations());
}

TEST(FormatDoc, ShowsBytesOfTheGoldenFiles) {
  const std::vector<Excerpt> excerpts = doc_excerpts();
  EXPECT_GT(excerpts.size(), 50u);
  for (const Excerpt& excerpt : excerpts) {
    const std::string file = read_text(QUIRE_GOLDEN_FILES "/" + excerpt.file);
    ASSERT_LT(excerpt.offset, file.size());
    const std::size_t count = (excerpt.bytes.size() + 1) / 3;
    EXPECT_EQ(excerpt.bytes, hex_bytes(std::string_view(file).substr(excerpt.offset, count)))
        << excerpt.file << " at " << excerpt.offset;
  }
}

}  // namespace
}  // namespace quire
