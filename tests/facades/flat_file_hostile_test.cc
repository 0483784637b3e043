// Bytes in the children that no writer puts there. Each is a CorruptionError, or a problem of
// check(), or harmless; never a crash, and never much memory.

#include <cstring>

#include "tests/facades/flat_file_fixture.h"

namespace quire::testing {
namespace {

struct OpenedFileOptions {};

/// A flat file whose children anybody may change.
class OpenedFileView {
 public:
  explicit OpenedFileView(const ReadScope&) {}
};
class OpenedFile : public OpenedFileView {
 public:
  static constexpr std::string_view kKind = "flat_file";
  using Options = OpenedFileOptions;
  using View = OpenedFileView;
  OpenedFile(WriteScope& from, const OpenedFileOptions&)
      : OpenedFileView(from), scope(from), segments(scope.child<List>("segments")) {}

  Blob blob(const char* name) { return scope.child<Blob>(name); }
  /// Field `number` of a segment's record.
  void set_field(std::uint64_t index, std::size_t number, std::uint64_t value) {
    std::string record = segments.at(index).str();
    std::memcpy(record.data() + 8 * number, &value, 8);
    segments.set(index, record);
  }
  /// Entry `index` of a blob of numbers.
  void set_entry(const char* name, std::uint64_t index, std::uint64_t value) {
    blob(name).write(index * 8, ByteView(reinterpret_cast<const std::byte*>(&value), 8));
  }

  WriteScope scope;
  List segments;
};

constexpr std::size_t kId = 0, kBase = 1, kSize = 2, kStoredSize = 3, kFirstValue = 4,
                      kValueCount = 5, kFirstFrame = 6, kFlags = 8;

class FlatFileHostileTest : public FlatFileTest, public ::testing::WithParamInterface<int> {
 protected:
  FlatFileHostileTest() {
    checks_at_end = false;
    make({.segment_size = 10'000, .compression_level = GetParam(), .frame_size = 1024});
    for (unsigned i = 0; i < 3; ++i) put(noise(9'000, i) + std::string(2'500, 'x'));
    put(noise(1500));
    EXPECT_TRUE(problems().empty());
    EXPECT_EQ(view().segments().size(), 4u);
  }

  bool is_packed() const { return GetParam() != 0; }

  template <class Fn>
  void damage(Fn&& fn) {
    database.transact([&](Transaction& txn) {
      auto opened = txn.open<OpenedFile>("f");
      fn(opened);
    });
  }
  std::vector<std::string> problems(bool deep = true) const {
    std::vector<std::string> all;
    CheckOptions options;
    options.deep = deep;
    for (const auto& problem : database.check(options.with<FlatFile>()).problems) {
      all.push_back(problem.collection + ": " + problem.what);
    }
    return all;
  }
  /// check() tells of `text`, and every call ends with a result or an error.
  void expect_problem(const std::string& text) {
    bool found = false;
    for (const std::string& problem : problems()) {
      found = found || problem.find(text) != std::string::npos;
    }
    EXPECT_TRUE(found) << text << ", but:\n" << ::testing::PrintToString(problems());
    use_everything();
  }
  template <class Fn>
  void use(Fn&& fn) {
    try {
      fn();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::corruption) {
        EXPECT_NE(std::string(error.what()).find("collection 'f"), std::string::npos)
            << error.what();
      }
    } catch (const std::out_of_range&) {
    }
  }
  void use_everything() {
    use([&] { view().segments(); });
    for (std::uint64_t id = 0; id < 5; ++id) {
      use([&] { view().get({id, 0, 2000}); });
      use([&] { view().get({id, 11'000, 400}); });
      use([&] { locations(view(), id); });
      use([&] { view().frame(id, 0); });
      use([&] { change([&](FlatFile& flat) { flat.drop_segment(id); }); });
    }
    use([&] { put(noise(3000)); });
    use([&] { change([](FlatFile& flat) { flat.seal(); }); });
    use([&] { problems(false); });
  }
};
INSTANTIATE_TEST_SUITE_P(Levels, FlatFileHostileTest, ::testing::Values(0, 3),
                         [](const auto& level) { return level.param == 0 ? "Plain" : "Packed"; });

/// Numbers as they are stored.
std::string stored(std::initializer_list<std::uint64_t> numbers) {
  std::string bytes;
  for (const std::uint64_t number : numbers) {
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift);
  }
  return bytes;
}

std::string all_of(const BlobView& blob) { return ByteView(blob.read_all()).str(); }

TEST(FlatFileLayoutTest, IsThatOfTheFormatPage) {
  Database database = Database::create_in_memory();
  database.transact([](Transaction& txn) {
    auto flat = txn.create<FlatFile>("f", {.segment_size = 4, .frame_size = 2048});
    flat.put("abc");
    flat.put("");
    flat.put("defg");
    flat.put("h");  // in the next segment
    auto file = txn.open<OpenedFile>("f");
    EXPECT_EQ(file.scope.options(), ByteView(stored({1, 4, 0, 2048})));
    EXPECT_EQ(file.segments.at(0), ByteView(stored({0, 0, 7, 7, 0, 3, 0, 0, 1})));
    EXPECT_EQ(file.segments.at(1), ByteView(stored({1, 4096, 1, 1, 3, 1, 0, 0, 0})));
    EXPECT_EQ(all_of(file.blob("content")), "abcdefg" + std::string(4089, '\0') + "h");
    EXPECT_EQ(all_of(file.blob("values")), stored({4, 4, 8, 2}));
  });
}

TEST(FlatFileLayoutTest, OfCompressedFramesIsThatOfTheFormatPage) {
  Database database = Database::create_in_memory();
  database.transact([](Transaction& txn) {
    auto flat = txn.create<FlatFile>("f", {.compression_level = 3, .frame_size = 1024});
    flat.put(std::string(2500, 'x'));
    auto file = txn.open<OpenedFile>("f");
    const std::uint64_t first = flat.frame(0, 0).size();
    const std::uint64_t both = first + flat.frame(0, 1).size();
    EXPECT_EQ(file.segments.at(0), ByteView(stored({0, 0, 2500, both, 0, 1, 0, 0, 0})));
    EXPECT_EQ(all_of(file.blob("frames")), stored({first, both}));
    EXPECT_EQ(all_of(file.blob("tail")), std::string(452, 'x'));
    flat.seal();
    EXPECT_EQ(file.segments.at(1), ByteView(stored({1, 4096, 0, 0, 1, 0, 3, 0, 0})));
    EXPECT_EQ(file.blob("tail").size(), 0u);
  });
}

TEST_P(FlatFileHostileTest, NoSegmentAtAll) {
  damage([](OpenedFile& file) { file.segments.clear(); });
  expect_problem("f: child 'segments': size: expected at least one, found 0");
}

TEST_P(FlatFileHostileTest, ARecordOfAnotherLength) {
  damage([](OpenedFile& file) { file.segments.set(1, "short"); });
  EXPECT_NE(message_of<CorruptionError>([&] {
              view().segments();
            }).find("collection 'f': child 'segments' item 1: length: expected 72, found 5"),
            std::string::npos);
  expect_problem("child 'segments' item 1: length");
}

TEST_P(FlatFileHostileTest, TwoSegmentsOfOneNumberAreNotListed) {
  damage([](OpenedFile& file) { file.set_field(1, kId, 2); });
  EXPECT_THROW(view().segments(), CorruptionError);
  expect_problem("id");
}

TEST_P(FlatFileHostileTest, NumbersThatWouldOverflow) {
  for (const std::size_t field :
       {kId, kBase, kSize, kStoredSize, kFirstValue, kValueCount, kFirstFrame}) {
    for (const std::uint64_t number : {UINT64_MAX, (std::uint64_t{1} << 56) + 1}) {
      std::string before;
      damage([&](OpenedFile& file) {
        before = file.segments.at(1).str();
        file.set_field(1, field, number);
      });
      EXPECT_FALSE(problems().empty()) << field;
      EXPECT_THROW(view().segments(), CorruptionError) << field;
      damage([&](OpenedFile& file) { file.segments.set(1, before); });
    }
  }
  EXPECT_TRUE(problems().empty());
}

TEST_P(FlatFileHostileTest, LargeNumbersThatDoNot) {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 55;
  for (const std::size_t field :
       {kId, kBase, kSize, kStoredSize, kFirstValue, kValueCount, kFirstFrame}) {
    if (field == kFirstFrame && !is_packed()) continue;  // it has no meaning there
    std::string before;
    damage([&](OpenedFile& file) {
      before = file.segments.at(1).str();
      file.set_field(1, field, kLarge);
    });
    EXPECT_FALSE(problems().empty()) << field;
    use([&] { view().get({1, kLarge - 5000, 4000}); });
    use([&] { view().get({1, 0, 2000}); });
    use([&] { locations(view(), 1); });
    use([&] { change([&](FlatFile& flat) { flat.drop_segment(1); }); });
    damage([&](OpenedFile& file) {
      if (file.segments.size() == 4) file.segments.set(1, before);
    });
  }
}

TEST_P(FlatFileHostileTest, LargeNumbersInTheOpenSegment) {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 55;
  for (const std::size_t field :
       {kId, kBase, kSize, kStoredSize, kFirstValue, kValueCount, kFirstFrame}) {
    std::string before;
    damage([&](OpenedFile& file) {
      before = file.segments.at(3).str();
      file.set_field(3, field, kLarge);
    });
    use([&] { put(noise(3000)); });
    use([&] { change([](FlatFile& flat) { flat.seal(); }); });
    use([&] { problems(); });
    damage([&](OpenedFile& file) {
      while (file.segments.size() > 4) file.segments.pop_back();
      file.segments.set(3, before);
    });
  }
}

TEST_P(FlatFileHostileTest, IdsThatDoNotRise) {
  damage([](OpenedFile& file) { file.set_field(0, kId, 2); });
  expect_problem("item 1: expected an id above that of the item before it");
}

TEST_P(FlatFileHostileTest, AnIdBelowItsPlace) {
  damage([](OpenedFile& file) { file.set_field(2, kId, 1); });
  expect_problem("item 2: id: expected at least its place in the list, found 1");
}

TEST_P(FlatFileHostileTest, SegmentsThatOverlap) {
  damage([](OpenedFile& file) { file.set_field(2, kBase, 4096); });
  EXPECT_THROW(change([](FlatFile& flat) { flat.drop_segment(1); }), CorruptionError);
  expect_problem("item 2: expected base behind the segment before it");
}

TEST_P(FlatFileHostileTest, ABaseWithinAPage) {
  damage([](OpenedFile& file) { file.set_field(2, kBase, 4097); });
  expect_problem("item 2: base: expected a multiple of 4096, found 4097");
}

TEST_P(FlatFileHostileTest, UnknownFlags) {
  damage([](OpenedFile& file) { file.set_field(0, kFlags, 2); });
  expect_problem("item 0: flags: expected 0 or 1, found 2");
}

TEST_P(FlatFileHostileTest, ASealedLastSegment) {
  damage([](OpenedFile& file) { file.set_field(3, kFlags, 1); });
  EXPECT_THROW(put("x"), CorruptionError);
  EXPECT_THROW(change([](FlatFile& flat) { flat.seal(); }), CorruptionError);
  expect_problem("item 3: expected sealed, or open as the last one");
}

TEST_P(FlatFileHostileTest, AnOpenSegmentInTheMiddle) {
  damage([](OpenedFile& file) { file.set_field(1, kFlags, 0); });
  expect_problem("item 1: expected sealed, or open as the last one");
}

TEST_P(FlatFileHostileTest, ContentThatIsCutOff) {
  damage([](OpenedFile& file) { file.blob("content").resize(5000); });
  EXPECT_NE(message_of<CorruptionError>([&] {
              view().get({2, 0, 5000});
            }).find("child 'content': size: expected at least"),
            std::string::npos);
  EXPECT_THROW(put("x"), CorruptionError);
  expect_problem("item 3: expected all of its bytes in 'content'");
}

TEST_P(FlatFileHostileTest, ValueEndsThatAreCutOffOrHoles) {
  damage([](OpenedFile& file) { file.blob("values").punch(8, 8); });
  EXPECT_THROW(locations(view(), 1), CorruptionError);
  expect_problem(
      "child 'values' segment 1: end of value 0: expected above 0, at most 11501, found 0");
  damage([](OpenedFile& file) { file.blob("values").resize(0); });
  EXPECT_THROW(locations(view(), 1), NotFound) << "use_everything() has dropped it";
  EXPECT_THROW(put("x"), CorruptionError);
}

TEST_P(FlatFileHostileTest, ValueEndsThatDoNotMeetTheEndOfTheSegment) {
  damage([](OpenedFile& file) { file.set_entry("values", 1, 500); });
  expect_problem("item 1: expected values that end where the segment ends");
}

TEST_P(FlatFileHostileTest, AValueThatEndsBehindItsSegmentCannotBeRead) {
  const std::string text = "child 'values' segment 1: end of value 0: expected above 0, at most ";
  for (const std::uint64_t end : {std::uint64_t{11'502}, UINT64_MAX}) {
    damage([&](OpenedFile& file) { file.set_entry("values", 1, end); });
    const std::string found = message_of<CorruptionError>([&] { locations(view(), 1); });
    EXPECT_NE(found.find("collection 'f': " + text + "11501"), found.npos) << found;
  }
  expect_problem(text);
}

TEST_P(FlatFileHostileTest, CountlessValuesInAHoleEndTheWalkAtOnce) {
  damage([](OpenedFile& file) {
    constexpr std::uint64_t kMany = std::uint64_t{1} << 40;
    file.blob("values").resize(kMany * 8 + 4096);
    file.set_field(3, kValueCount, kMany);
  });
  EXPECT_FALSE(problems().empty());
  EXPECT_THROW(locations(view(), 3), CorruptionError);
}

TEST_P(FlatFileHostileTest, OptionsOfNoVersion) {
  const auto refused = [&](const std::string& options, const char* text) {
    damage([&](OpenedFile& file) { file.scope.set_options(options); });
    EXPECT_NE(message_of<CorruptionError>([&] { view(); }).find(text), std::string::npos);
    EXPECT_THROW(put("x"), CorruptionError);
    EXPECT_FALSE(problems().empty());
  };
  const auto options = [](std::uint64_t version, std::uint64_t segment_size, std::uint64_t level,
                          std::uint64_t frame_size) {
    const std::uint64_t numbers[] = {version, segment_size, level, frame_size};
    return std::string(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  };
  refused("", "collection 'f': options: length: expected 32, found 0");
  refused(options(2, 1, 0, 1024), "options: version: expected 1, found 2");
  refused(options(1, 0, 0, 1024), "options: segment_size");
  refused(options(1, UINT64_MAX, 0, 1024), "options: segment_size");
  refused(options(1, 1, 23, 1024), "options: compression_level");
  refused(options(1, 1, 3, 1023), "options: frame_size");
  refused(options(1, 1, 3, UINT64_MAX), "options: frame_size");
}

TEST_P(FlatFileHostileTest, AChildThatIsMissing) {
  database.transact([](Transaction& txn) { txn.drop("f"); });
  damage([](OpenedFile& file) {
    file.scope.set_options(
        std::string("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\0\0\0", 32));
  });
  EXPECT_THROW(view(), NotFound);
  EXPECT_FALSE(problems().empty());
}

// ---- compressed

class FlatFileHostileFrameTest : public FlatFileHostileTest {};
INSTANTIATE_TEST_SUITE_P(Levels, FlatFileHostileFrameTest, ::testing::Values(3));

TEST_P(FlatFileHostileFrameTest, AFrameThatIsGarbage) {
  damage([](OpenedFile& file) { file.blob("content").write(20, "garbage"); });
  EXPECT_NE(message_of<CorruptionError>([&] {
              view().get({0, 0, 10});
            }).find("child 'content' segment 0 frame 0: content: expected a zstd frame of 1024"),
            std::string::npos);
  EXPECT_EQ(view().get({0, 1024, 100}).size(), 100u) << "the next one is whole";
  EXPECT_TRUE(problems(false).empty()) << "only a deep check unpacks";
  expect_problem("child 'content' segment 0 frame 0");
}

TEST_P(FlatFileHostileFrameTest, AFrameThatUnpacksToMoreThanItsPlaceIsRefusedWithoutUnpackingIt) {
  DataLocation bomb;
  database.transact([&](Transaction& txn) {  // 16 MiB of zeros make a frame of some hundred bytes
    auto other = txn.create<FlatFile>("g", {.compression_level = 3, .frame_size = 16 << 20});
    bomb = other.put(std::string(16 << 20, '\0'));
  });
  const Value frame = database.snapshot().open<FlatFile>("g").frame(0, 0);
  ASSERT_LT(frame.size(), 1100u);
  damage([&](OpenedFile& file) {
    file.blob("content").write(0, frame);
    file.set_entry("frames", 0, frame.size());
  });
  EXPECT_THROW(view().get({0, 0, 1000}), CorruptionError);
  expect_problem("child 'content' segment 0 frame 0");
}

TEST_P(FlatFileHostileFrameTest, FrameEndsThatDoNotRise) {
  damage([](OpenedFile& file) { file.set_entry("frames", 1, 3); });
  EXPECT_THROW(view().get({0, 1024, 1}), CorruptionError);
  expect_problem("child 'frames' entry 1: end: expected above");
}

TEST_P(FlatFileHostileFrameTest, AFrameEndBehindTheSegment) {
  damage([](OpenedFile& file) { file.set_entry("frames", 0, std::uint64_t{1} << 40); });
  EXPECT_THROW(view().get({0, 0, 1}), CorruptionError);
  expect_problem("child 'frames' entry 0: end: expected above 0, at most");
}

TEST_P(FlatFileHostileFrameTest, AFrameOfMoreBytesThanOneCanHave) {
  damage([](OpenedFile& file) { file.set_entry("frames", 0, 5000); });
  EXPECT_THROW(view().get({0, 0, 1}), CorruptionError);
  expect_problem("child 'frames' entry 0: stored bytes: expected at most");
}

TEST_P(FlatFileHostileFrameTest, FramesThatAreCutOff) {
  damage([](OpenedFile& file) { file.blob("frames").resize(16); });
  EXPECT_THROW(view().get({2, 0, 1}), CorruptionError);
  EXPECT_THROW(put("x"), CorruptionError);
  expect_problem("child 'frames': size: expected at least");
}

TEST_P(FlatFileHostileFrameTest, CountlessFramesInAHoleTakeNoMemory) {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 45;
  damage([](OpenedFile& file) {
    file.blob("frames").resize(kLarge);
    file.set_field(3, kSize, kLarge);
    file.set_field(3, kFirstFrame, 1000);
  });
  EXPECT_THROW(view().get({3, 0, kLarge}), CorruptionError);
  EXPECT_FALSE(problems().empty());
}

TEST_P(FlatFileHostileFrameTest, ATailThatIsCutOff) {
  damage([](OpenedFile& file) { file.blob("tail").resize(100); });
  EXPECT_THROW(view().get({3, 0, 1500}), CorruptionError);
  EXPECT_THROW(put("x"), CorruptionError);
  expect_problem("item 3: expected all bytes that are no frame yet in 'tail'");
}

}  // namespace
}  // namespace quire::testing
