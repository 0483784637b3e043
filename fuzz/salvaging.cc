// The target that salvages; target.h says what it promises.

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <quire/quire.h>

#include "base/checksum.h"
#include "base/zeros.h"
#include "fuzz/finding.h"
#include "fuzz/image_database.h"
#include "fuzz/random.h"
#include "fuzz/target.h"

namespace quire::fuzz {
namespace {

constexpr const char* kNewPath = "/d/new.quire";
constexpr const char* kAgainPath = "/d/newer.quire";
constexpr std::uint64_t kUncheckedOneIn = 4;  // knows no checks of composites
constexpr std::uint64_t kRepeatedOneIn = 4;

bool is_structure(std::string_view kind) {
  return kind == Blob::kKind || kind == List::kKind || kind == Hash::kKind;
}

SalvageOptions salvage_options(ImageFiles& files, Random& random) {
  SalvageOptions options;
  options.file_system = &files;
  options.cache_size = std::size_t{64} << 10;
  if (!random.one_in(kUncheckedOneIn)) options.checks = every_check();
  return options;
}

/// Nothing if there was nothing to salvage. Either way the damaged files are as they were, and there
/// is no file but those and the new one.
std::optional<SalvageReport> salvage_files(ImageFiles& files, const Image& image,
                                           const SalvageOptions& options) {
  std::vector<std::string> names = files.names();
  std::optional<SalvageReport> report;
  try {
    report = Database::salvage(ImageFiles::kPath, kNewPath, options);
    names.emplace_back("new.quire");
    std::sort(names.begin(), names.end());
  } catch (const FormatError&) {
  }
  require(files.names() == names, "a salvage has left more or less than the new database");
  require(files.image() == image, "a salvage has changed a damaged file");
  return report;
}

Database open_new(ImageFiles& files, const char* path) {
  return Database::open(path, files.options(true));
}

// ---- the new database and the report

/// The size of the collection of that kind that `open` shows; nothing if it is another one's name.
template <class Open>
std::optional<std::uint64_t> size_of(std::string_view kind, Open open) {
  try {
    if (kind == Blob::kKind) return open.template operator()<Blob>().size();
    if (kind == List::kKind) return open.template operator()<List>().size();
    return open.template operator()<Hash>().size();
  } catch (const NotFound&) {
  } catch (const TypeMismatch&) {
  }
  return std::nullopt;
}

/// A blob is as long as it was, another collection as what was found.
bool agrees(const SalvagedCollection& account, std::uint64_t size) {
  if (account.kind != Blob::kKind) return size == account.found;
  return account.lost ? size == account.found + *account.lost : size >= account.found;
}

void require_sound_ranges(const SalvagedCollection& account) {
  std::uint64_t lost = 0;
  std::uint64_t end = 0;
  for (const SalvagedRange& range : account.lost_ranges) {
    require(range.begin >= end && range.begin < range.end,
            "lost ranges of '" + account.name + "' do not ascend");
    lost += range.end - range.begin;
    end = range.end;
  }
  const bool are_all = account.lost_ranges.size() < SalvagedCollection::kMaxRanges;
  if (!account.lost || !are_all || account.kind == Hash::kKind) return;
  require(!is_structure(account.kind) || lost == *account.lost,
          "lost ranges of '" + account.name + "' are not all that is lost");
}

void require_zeros(const BlobView& blob, const SalvagedCollection& account) {
  std::array<std::byte, 4096> bytes;
  for (const SalvagedRange& range : account.lost_ranges) {
    const std::size_t count = blob.read(range.begin, bytes);
    const auto lost = std::min<std::uint64_t>(count, range.end - range.begin);
    require(all_zero(ByteView(bytes).sub(0, lost)),
            "lost bytes of '" + account.name + "' do not read as zeros");
  }
}

void require_consistent(const SalvagedCollection& account) {
  if (account.whole) {
    require(account.lost == 0 && account.lost_ranges.empty() && account.loose == 0,
            "'" + account.name + "' is called whole, and something is lost");
  }
  require_sound_ranges(account);
}

/// Mostly one: the name of a child may be that of another collection, too.
std::vector<SalvagedCollection> accounts_of(const SalvageReport& report, const std::string& name,
                                            std::string_view kind) {
  std::vector<SalvagedCollection> accounts;
  std::copy_if(report.collections.begin(), report.collections.end(), std::back_inserter(accounts),
               [&](const auto& account) { return account.name == name && account.kind == kind; });
  return accounts;
}

void require_size(const SalvageReport& report, const std::string& name, std::string_view kind,
                  std::uint64_t size) {
  const auto accounts = accounts_of(report, name, kind);
  require(std::any_of(accounts.begin(), accounts.end(),
                      [&](const auto& account) { return agrees(account, size); }),
          "the report gives '" + name + "' another size than it has");
}

void require_collection(const Snapshot& snapshot, const SalvageReport& report,
                        const CollectionInfo& info) {
  const auto accounts = accounts_of(report, info.name, info.kind);
  require(!accounts.empty(), "the report does not tell of '" + info.name + "'");
  if (!is_structure(info.kind)) return;
  const auto open = [&]<class T>() -> typename T::View { return snapshot.open<T>(info.name); };
  require_size(report, info.name, info.kind, *size_of(info.kind, open));
  if (info.kind == Blob::kKind && accounts.size() == 1) {
    require_zeros(snapshot.open<Blob>(info.name), accounts.front());
  }
}

/// Of a composite with a name of its own.
void require_children(const ReadScope& scope, const SalvageReport& report) {
  const std::string prefix = std::string(scope.name()) + "/";
  for (const SalvagedCollection& account : report.collections) {
    if (!account.name.starts_with(prefix) || !is_structure(account.kind)) continue;
    const std::string child = account.name.substr(prefix.size());
    const auto open = [&]<class T>() -> typename T::View { return scope.child<T>(child); };
    const auto size = child.empty() ? std::nullopt : size_of(account.kind, open);
    if (size) require_size(report, account.name, account.kind, *size);
  }
}

/// What the report says is what is there.
void require_accounts(const Database& result, const SalvageReport& report) {
  const Snapshot snapshot = result.snapshot();
  for (const SalvagedCollection& account : report.collections) require_consistent(account);
  for (const CollectionInfo& info : snapshot.collections()) {
    require_collection(snapshot, report, info);
  }
}

/// What is sound for the engine. Looks into composites on the way.
void require_sound_structures(const Database& result, const SalvageReport& report) {
  CheckOptions options;
  for (const SalvagedCollection& account : report.collections) {
    if (is_structure(account.kind)) continue;
    options.kinds[account.kind] = [&](const ReadScope& scope, CheckSink&) {
      require_children(scope, report);
    };
  }
  const CheckReport check = result.check(options);
  require(check.ok(), "what a salvage has made is not sound: " + first_problem(check));
}

/// A composite whose children are all whole is what a commit has left, however it was written; no
/// other collection of the new database has a problem that its type finds.
void require_sound_composites(const Database& result, const SalvageReport& report) {
  const auto is_composite = [](const auto& account) { return !is_structure(account.kind); };
  if (std::none_of(report.collections.begin(), report.collections.end(), is_composite)) return;
  for (const CheckProblem& problem : check_all(result, true).problems) {
    const bool is_whole = std::any_of(report.collections.begin(), report.collections.end(),
                                      [&](const SalvagedCollection& account) {
                                        return account.name == problem.collection &&
                                               account.whole && is_composite(account);
                                      });
    require(is_whole, "a salvage has made what its type finds unsound: '" + problem.collection +
                          "': " + problem.what);
  }
}

// ---- the new database and the damaged one

bool is_own_name(const std::string& name) { return !name.starts_with("salvaged"); }

/// What a reader of the damaged database sees.
struct Seen {
  CheckReport check;
  Seq seq = 0;
  Content content;
};

bool has_problem(const CheckReport& check, const std::string& name) {
  return check.problem_count > check.problems.size() ||
         std::any_of(check.problems.begin(), check.problems.end(), [&](const auto& problem) {
           return problem.collection == name || problem.collection.starts_with(name + "/");
         });
}

/// What has kept its name is what the damaged database shows under it, unless check() finds a problem
/// there: an entry in the wrong bucket is one that no lookup finds, until a salvage has put it right.
void require_same(const Seen& seen, const Content& salvaged) {
  for (const auto& [name, now] : salvaged.collections) {
    const auto before = seen.content.collections.find(name);
    if (!is_own_name(name) || before == seen.content.collections.end()) continue;
    const Content::Collection& was = before->second;
    if (!was.is_read || !was.is_comparable || !now.is_comparable) continue;
    if (was.kind == now.kind && was.digest == now.digest) continue;
    require(has_problem(seen.check, name),
            "'" + name + "' has kept its name, and is not what it was");
  }
}

/// The same collections with the same content, in pages of their own.
void require_all_the_same(const Content& before, const Content& after) {
  const auto same = [](const auto& a, const auto& b) {
    const bool is_comparable = a.second.is_comparable && b.second.is_comparable;
    return a.first == b.first && a.second.kind == b.second.kind &&
           (!is_comparable || a.second.digest == b.second.digest);
  };
  require(std::equal(before.collections.begin(), before.collections.end(),
                     after.collections.begin(), after.collections.end(), same),
          "a salvage of something sound is not the same");
}

std::optional<Seen> look(ImageFiles& files) {
  const auto database = open_image(files, true);
  if (!database) return std::nullopt;
  return Seen{check_all(*database, true), database->snapshot().seq(), read_everything(*database)};
}

void compare(const Seen& seen, const SalvageReport& report, const Content& salvaged) {
  if (report.header_foreign) {
    require(!seen.check.ok(), "a salvage does not believe the header of something sound");
    return;
  }
  require(!report.header_lost && report.is_certain && report.log_damage.empty() &&
              report.seq == seen.seq,
          "a reader opens what a salvage finds damage in");
  require_same(seen, salvaged);
  if (!seen.check.ok()) return;
  require(report.ok(), "check() found nothing, and a salvage did");
  require_all_the_same(seen.content, salvaged);
}

void require_repeatable(ImageFiles& files, const SalvageOptions& options, const Content& content) {
  const SalvageReport again = Database::salvage(kNewPath, kAgainPath, options);
  require(again.ok(), "a salvage of what a salvage has made finds something lost");
  require_all_the_same(content, read_everything(open_new(files, kAgainPath)));
}

}  // namespace

Reached salvage(const Image& image) {
  ImageFiles files(image);
  const std::optional<Seen> seen = look(files);
  Random random(checksum64(ByteView(image.database), 0));
  const SalvageOptions options = salvage_options(files, random);
  const std::optional<SalvageReport> report = salvage_files(files, image, options);
  require(report || !seen, "a reader opens what is called no database");
  if (!report) return Reached::refused;
  const Database result = open_new(files, kNewPath);
  require_sound_structures(result, *report);
  require_sound_composites(result, *report);
  require_accounts(result, *report);
  const Content content = read_everything(result);
  if (seen) compare(*seen, *report, content);
  if (random.one_in(kRepeatedOneIn)) require_repeatable(files, options, content);
  return report->ok() ? Reached::sound : Reached::opened;
}

}  // namespace quire::fuzz
