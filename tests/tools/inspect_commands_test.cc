#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <quire/database.h>
#include <quire/version.h>

#include "base/checksum.h"
#include "pager/header_format.h"
#include "pager/header_slots.h"
#include "pager/space_map_format.h"
#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class InspectCommandsTest : public CommandTest {
 protected:
  // Blob "picture" of 9000 bytes, hash "users" of two keys.
  void make_database() {
    Database database = Database::open(file());
    database.transact([](Transaction& transaction) {
      transaction.open<Blob>("picture").append(std::string(9000, 'p'));
      transaction.open<Hash>("users").put("ada", "1");
      transaction.open<Hash>("users").put("\xff", "22");
    });
    database.close();
  }

  // Overwrites byte `offset` of every page whose index is in [first, end).
  void damage_pages(std::size_t first, std::size_t end, std::size_t offset) {
    std::string bytes = read_file(file());
    for (std::size_t page = first; page < end; ++page) bytes[page * kPageSize + offset] ^= 0x55;
    write_file(file(), bytes);
    expect_no_intact_database();
  }

  // Makes the space map, with a right sum, say so; returns them.
  std::vector<Pid> call_data_pages_structure_pages() {
    std::string bytes = read_file(file());
    HeaderSlot slot;
    std::memcpy(&slot, bytes.data(), sizeof slot);
    char* page = bytes.data() + kFirstMapPage * kPageSize;
    MapPage map;
    std::memcpy(&map, page, sizeof map);
    std::vector<Pid> changed;
    for (Pid pid = 0; pid < bytes.size() / kPageSize; ++pid) {
      if (get_state(map, pid) != PageState::data) continue;
      set_state(map, pid, PageState::structure);
      changed.push_back(pid);
    }
    std::memcpy(page, &map, sizeof map);
    map.header.sum = checksum64(ByteView(std::string_view(page, kPageSize)).sub(sizeof(Le64)),
                                page_seed(pager::hash_uuid(slot.uuid), kFirstMapPage));
    std::memcpy(page, &map, sizeof map);
    write_file(file(), bytes);
    expect_no_intact_database();
    return changed;
  }

  // Makes both header slots say that they need format version `major`.
  void set_format_major(std::uint16_t major) {
    std::string bytes = read_file(file());
    std::uint64_t seed = 0;
    std::memcpy(&seed, kHeaderMagic.data(), sizeof seed);
    for (std::size_t slot = 0; slot < 2; ++slot) {
      char* page = bytes.data() + slot * kPageSize;
      HeaderSlot header;
      std::memcpy(&header, page, sizeof header);
      header.major = major;
      std::memcpy(page, &header, sizeof header);
      header.sum = checksum64(ByteView(std::string_view(page, kPageSize)).sub(16), seed);
      std::memcpy(page, &header, sizeof header);
    }
    write_file(file(), bytes);
    expect_no_intact_database();
  }
};

TEST_F(InspectCommandsTest, InfoSaysWhatTheFileIs) {
  make_database();
  const Json document = run_json({"info", file()});
  EXPECT_EQ(document["file"], file());
  EXPECT_EQ(document["uuid"].get<std::string>().size(), 32U);
  EXPECT_EQ(document["format"]["major"], kFormatMajor);
  EXPECT_EQ(document["collections"], 2);
  EXPECT_GT(document["seq"], 0);
  EXPECT_EQ(document["checkpoint_seq"], document["seq"]);
  EXPECT_EQ(document["file_bytes"], std::filesystem::file_size(file()));
  EXPECT_LE(document["pages"].get<std::uint64_t>() * kPageSize, document["file_bytes"]);
  EXPECT_EQ(document["recovered_commits"], 0);
  const CommandResult text = run({"info", file()});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find(document["uuid"].get<std::string>()), std::string::npos);
  EXPECT_EQ(text.err, "");
}

TEST_F(InspectCommandsTest, StatsTellsEveryCounterWithItsUnit) {
  make_database();
  const Json document = run_json({"stats", file()});
  EXPECT_EQ(document.size(), 2 + sizeof(Stats) / sizeof(std::uint64_t)) << "schema, file, fields";
  const Json info = run_json({"info", file()});
  EXPECT_EQ(document["seq"], info["seq"]);
  EXPECT_EQ(document["page_count"], info["pages"]);
  EXPECT_EQ(document["commits"], 0);
  const std::string text = run({"stats", file()}).out;
  EXPECT_NE(text.find(fmt::format("\nfile                    {} pages, {:.1f} KiB\n",
                                  info["pages"].get<std::uint64_t>(),
                                  info["file_bytes"].get<double>() / 1024)),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\nlog written             0 B\n"), std::string::npos) << text;
  expect_failure({"stats", path("missing")}, 3, "missing");
}

TEST_F(InspectCommandsTest, LooksAtAFileThatMayNotBeWritten) {
  make_database();
  ASSERT_EQ(chmod(file().c_str(), 0444), 0);
  const std::string before = read_file(file());
  EXPECT_EQ(run({"info", file()}).exit_code, 0);
  EXPECT_EQ(run({"check", file()}).exit_code, 0);
  EXPECT_EQ(read_file(file()), before);
}

TEST_F(InspectCommandsTest, LsNamesCollectionsInOrder) {
  make_database();
  const Json collections = run_json({"ls", file()})["collections"];
  ASSERT_EQ(collections.size(), 2U);
  EXPECT_EQ(collections[0]["name"], "picture");
  EXPECT_EQ(collections[0]["kind"], "blob");
  EXPECT_GE(collections[0]["pages"], 3);
  EXPECT_EQ(collections[1]["name"], "users");
  EXPECT_EQ(collections[1]["kind"], "hash");
  const std::string text = run({"ls", file()}).out;
  EXPECT_TRUE(text.starts_with("blob ")) << text;
  EXPECT_TRUE(text.ends_with(" users\n")) << text;
}

TEST_F(InspectCommandsTest, LsOfAHashNamesItsKeys) {
  make_database();
  const std::string text = run({"ls", file(), "users"}).out;
  EXPECT_TRUE(text == "ada\n\xff\n" || text == "\xff\nada\n") << text;
  const Json keys = run_json({"ls", file(), "users"})["keys"];
  ASSERT_EQ(keys.size(), 2U);
  const Json& ada = keys[0]["key"] == "ada" ? keys[0] : keys[1];
  const Json& other = keys[0]["key"] == "ada" ? keys[1] : keys[0];
  EXPECT_EQ(ada["bytes"], 1);
  EXPECT_EQ(other["key_base64"], "/w==");
  EXPECT_EQ(other["bytes"], 2);
}

TEST_F(InspectCommandsTest, LsFailsForMissingAndOtherCollections) {
  expect_failure({"ls", file()}, 3, file());
  make_database();
  expect_failure({"ls", file(), "visitors"}, 3, "visitors");
  expect_failure({"ls", file(), "picture"}, 2, "picture");
  EXPECT_NE(run({"ls", file(), ""}).exit_code, 0);
}

TEST_F(InspectCommandsTest, CheckAccountsForEveryPage) {
  make_database();
  for (const char* depth : {"--json", "--deep"}) {
    const Json document = run_json({"check", file(), depth});
    EXPECT_EQ(document["ok"], true);
    EXPECT_EQ(document["deep"], depth == std::string("--deep"));
    EXPECT_EQ(document["problem_count"], 0);
    EXPECT_EQ(document["collections"], 2);
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : document["pages"].items()) {
      if (kind != "all") sum += count.get<std::uint64_t>();
    }
    EXPECT_EQ(document["pages"]["all"], sum);
    EXPECT_GE(document["pages"]["blob"], 4);
  }
  const CommandResult text = run({"check", file()});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_TRUE(text.out.ends_with("\nok; content was not read: --deep does that\n")) << text.out;
  EXPECT_TRUE(run({"check", file(), "--deep"}).out.ends_with("\nok\n"));
}

TEST_F(InspectCommandsTest, CheckReportsDamageWithCode1) {
  make_database();
  const std::uint64_t pages = run_json({"info", file()})["pages"];
  damage_pages(4, pages, 2000);
  const CommandResult result = run({"check", file(), "--deep", "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  const Json document = result.json();
  EXPECT_EQ(document["ok"], false);
  ASSERT_GT(document["problem_count"], 0);
  for (const Json& problem : document["problems"]) {
    const auto what = problem["what"].get<std::string>();
    EXPECT_NE(what, "");
    EXPECT_EQ(what.find("restore a backup"), std::string::npos) << what;
  }
  EXPECT_NE(result.err.find("restore a backup"), std::string::npos);
  EXPECT_NE(run({"check", file(), "--deep"}).out.find(" problems\n"), std::string::npos);
}

TEST_F(InspectCommandsTest, CheckSaysARunOfPagesInOneLine) {
  ASSERT_EQ(run({"put", file(), "long", "key"}, std::string(900'000, 'x')).exit_code, 0);
  const std::vector<Pid> pages = call_data_pages_structure_pages();
  ASSERT_GT(pages.size(), 100U);
  const CommandResult result = run({"check", file()});
  const std::string problems = result.out.substr(0, result.out.find("header pages"));
  EXPECT_LE(std::ranges::count(problems, '\n'), 10) << problems;
  EXPECT_NE(problems.find(fmt::format("..{}: is a data page, but the space map says it is a "
                                      "structure page\n",
                                      pages.back())),
            std::string::npos)
      << problems;
}

TEST_F(InspectCommandsTest, CheckNamesAPageOnceInALineAndGivesNoAdviceThere) {
  ASSERT_EQ(run({"put", file(), "long", "key"}, std::string(900'000, 'x')).exit_code, 0);
  const std::string sound = read_file(file());
  for (std::size_t page = 3; page < 10; ++page) {
    damage_pages(page, page + 1, 2000);
    const CommandResult result = run({"check", file()});
    const std::string problems = result.out.substr(0, result.out.find("header pages"));
    EXPECT_LE(std::ranges::count(problems, '\n'), 10) << problems;
    // The advice follows them all.
    const std::string prefix = "page " + std::to_string(page) + ": ";
    EXPECT_EQ(problems.find(prefix + prefix), std::string::npos) << problems;
    EXPECT_EQ(problems.find("backup"), std::string::npos) << problems;
    write_file(file(), sound);
  }
}

TEST_F(InspectCommandsTest, CheckCountsWhatDamageHidesAndListsItInJson) {
  ASSERT_EQ(run({"put", file(), "long", "key"}, std::string(900'000, 'x')).exit_code, 0);
  const std::size_t pages = read_file(file()).size() / kPageSize;
  bool has_hidden = false;
  for (std::size_t page = 4; page < pages && !has_hidden; ++page) {
    damage_pages(page, page + 1, 2000);
    const Json document = run({"check", file(), "--json"}).json();
    std::uint64_t unreached = 0;
    for (const Json& problem : document["problems"]) unreached += problem["unreached"] ? 1 : 0;
    EXPECT_EQ(unreached, document["pages"]["unaccounted"]);
    const std::string text = run({"check", file()}).out;
    EXPECT_EQ(text.find("not reached: "), std::string::npos) << text;
    has_hidden = unreached > 1;
    EXPECT_EQ(text.find(std::to_string(unreached) +
                        " more pages are not reached because of the damage above; --json lists "
                        "them\n") != std::string::npos,
              has_hidden)
        << text;
    damage_pages(page, page + 1, 2000);
  }
  EXPECT_TRUE(has_hidden);
}

TEST_F(InspectCommandsTest, DamageLeadsToABackupOrASalvage) {
  make_database();
  damage_pages(0, 2, 200);
  expect_failure({"info", file()}, 5,
                 "bring what is left into a new database with `quire salvage`");
  expect_failure({"check", file()}, 5, "`quire salvage`");
  write_file(file(), std::string(8192, '\0') + read_file(file()).substr(8192));
  expect_failure({"check", file()}, 5,
                 "one that has lost its header; give another path. If it was");
}

TEST_F(InspectCommandsTest, NoCommandThatMakesNoneTellsToRemoveAnEmptyFile) {
  expect_no_intact_database();
  write_file(file(), "");
  EXPECT_EQ(run({"info", file()}).err.find("remove it"), std::string::npos);
  expect_failure({"put", file(), "users", "ada", "mail"}, 5, "remove it to have one made");
}

TEST_F(InspectCommandsTest, ADamagedCatalogIsCode5ForWhoeverReadsIt) {
  make_database();
  damage_pages(3, 4, 100);
  expect_failure({"ls", file()}, 5, "page 3");
}

TEST_F(InspectCommandsTest, WhatIsNoQuireFileIsCode5) {
  expect_no_intact_database();
  write_file(file(), "#include <stdio.h>\n" + std::string(20'000, 'x'));
  expect_failure({"info", file()}, 5, file());
  expect_failure({"put", file(), "users", "ada", "mail"}, 5, file());
  write_file(file(), "");
  expect_failure({"info", file()}, 5, file());
}

TEST_F(InspectCommandsTest, DamagedHeadersAreCode5) {
  make_database();
  damage_pages(0, 2, 200);
  expect_failure({"info", file()}, 5, file());
}

TEST_F(InspectCommandsTest, ANewerFormatIsCode6) {
  make_database();
  set_format_major(kHeaderMajor + 1);
  expect_failure({"info", file()}, 6, "newer version of Quire");
  expect_failure({"put", file(), "users", "ada", "mail"}, 6, "newer version of Quire");
}

TEST_F(InspectCommandsTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  expect_failure({"info", path(".")}, 7, path("."));
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  expect_failure({"info", path("fifo")}, 7, "fifo");
  std::filesystem::create_symlink("loop", path("loop"));
  expect_failure({"info", path("loop")}, 7, "loop");
}

}  // namespace

}  // namespace quire::tools
