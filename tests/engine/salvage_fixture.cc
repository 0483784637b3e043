#include "tests/engine/salvage_fixture.h"

#include <cstring>
#include <set>
#include <utility>

namespace quire::testing {
namespace {

using Bytes = std::vector<std::byte>;

bool is_new_name(const std::string& name) { return name.starts_with("salvaged"); }

template <class Collections, class Matches>
bool any_state_has(const std::vector<Model>& history, Collections Model::*kind,
                   const std::string& name, Matches&& matches) {
  return std::any_of(history.begin(), history.end(), [&](const Model& model) {
    const auto found = (model.*kind).find(name);
    return found != (model.*kind).end() && matches(found->second);
  });
}

/// With its own name it is what one commit has left.
template <class Collections>
void expect_own_are_exact(const Model& result, const std::vector<Model>& history,
                          Collections Model::*kind) {
  for (const auto& [name, content] : result.*kind) {
    if (is_new_name(name)) continue;
    EXPECT_TRUE(any_state_has(history, kind, name,
                              [&, &now = content](const auto& was) { return was == now; }))
        << "'" << name << "' is not what any commit has left";
  }
}

/// Everything that ever was in a hash or list, whatever its name, bags included.
std::set<std::pair<std::string, std::string>> all_entries(const std::vector<Model>& history) {
  std::set<std::pair<std::string, std::string>> all;
  for (const Model& model : history) {
    for (const auto& [name, entries] : model.hashes) all.insert(entries.begin(), entries.end());
    for (const auto& [name, bag] : model.bags) all.insert(bag.things.begin(), bag.things.end());
  }
  return all;
}

std::set<std::string> all_items(const std::vector<Model>& history) {
  std::set<std::string> all;
  for (const Model& model : history) {
    for (const auto& [name, items] : model.lists) all.insert(items.begin(), items.end());
    for (const auto& [name, bag] : model.bags) all.insert(bag.order.begin(), bag.order.end());
  }
  return all;
}

/// Whether `left` is `was` but for the ranges that the account calls lost, which are zeros.
bool is_rest_of(const std::string& left, std::string was, const SalvagedCollection& account) {
  for (const SalvagedRange& range : account.lost_ranges) {
    for (std::uint64_t at = range.begin; at < range.end && at < was.size(); ++at) was[at] = '\0';
  }
  return left == was;
}

/// A page of some blob, or of a value that was long enough to be one, or zeros.
bool is_stretch(const std::string& left, const std::vector<Model>& history) {
  std::vector<const std::string*> wholes;
  for (const Model& model : history) {
    for (const auto& [name, bytes] : model.blobs) wholes.push_back(&bytes);
    for (const auto& [name, entries] : model.hashes) {
      for (const auto& [key, value] : entries) wholes.push_back(&value);
    }
  }
  for (std::size_t at = 0; at < left.size(); at += kPageSize) {
    std::string page = left.substr(at, kPageSize);
    while (!page.empty() && page.back() == '\0') page.pop_back();
    const bool is_known =
        page.empty() || std::any_of(wholes.begin(), wholes.end(), [&](const std::string* whole) {
          return whole->find(page) != std::string::npos;
        });
    if (!is_known) return false;
  }
  return true;
}

void expect_blobs_are_rests(const Model& result, const SalvageReport& report,
                            const std::vector<Model>& history) {
  for (const auto& [name, bytes] : result.blobs) {
    if (!is_new_name(name)) continue;
    const auto account =
        std::find_if(report.collections.begin(), report.collections.end(),
                     [&, &wanted = name](const auto& known) { return known.name == wanted; });
    ASSERT_NE(account, report.collections.end()) << name;
    const bool mixes = !account->remarks.empty();
    if (account->former_name.empty() || mixes) {
      EXPECT_TRUE(is_stretch(bytes, history)) << name;
    } else {
      EXPECT_TRUE(any_state_has(
          history, &Model::blobs, account->former_name,
          [&, &left = bytes](const std::string& was) { return is_rest_of(left, was, *account); }))
          << name;
    }
  }
}

}  // namespace

std::string salvage_text(std::size_t count, std::size_t number) {
  std::string text = std::to_string(number) + ":";
  std::uint64_t state = number * 0x9e3779b97f4a7c15 + 1;
  while (text.size() < count) {
    state = state * 6364136223846793005 + 1442695040888963407;
    text += static_cast<char>('a' + (state >> 59) % 26);
  }
  text.resize(count);
  return text;
}

SalvageFiles::SalvageFiles() {
  options_.wal_segment_size = std::size_t{64} << 10;
  options_.cache_size = std::size_t{8} << 20;
}

void SalvageFiles::commit(const std::vector<ModelledTransaction::Change>& changes, End end) {
  options_.file_system = files_.get();
  Database database = Database::open(kBrokenPath, options_);
  for (const auto& change : changes) {
    Transaction transaction = database.begin();
    ModelledTransaction on_pages(transaction);
    change(on_pages);
    transaction.commit();
    Model model = history_.back();
    ModelledTransaction on_model(model);
    change(on_model);
    history_.push_back(std::move(model));
  }
  if (end == End::closed) return database.close();
  auto copies = copy_of(*files_, kSalvageDirectory);
  left_behind_.push_back(std::exchange(files_, std::move(copies)));
}

Bytes SalvageFiles::commit_and_close_later(
    const std::vector<ModelledTransaction::Change>& changes) {
  commit(changes, End::crashed);
  // The database that was left behind has been closed since, by its destructor.
  std::swap(files_, left_behind_.back());
  Bytes closed = read(kBrokenPath);
  std::swap(files_, left_behind_.back());
  return closed;
}

std::string SalvageFiles::uuid() const {
  Options options;
  options.file_system = files_.get();
  options.read_only = true;
  return Database::open(kBrokenPath, options).info().uuid;
}

Bytes SalvageFiles::read(const std::string& path) const {
  const auto file = files_->open(path, OpenMode::read_only);
  Bytes bytes(file->status().size);
  file->read_at(0, bytes);
  return bytes;
}

void SalvageFiles::write(const std::string& path, const Bytes& bytes) {
  const auto file = files_->open(path, OpenMode::read_write);
  file->truncate(0);
  file->write_at(0, ByteView(bytes));
}

std::size_t SalvageFiles::page_count() const {
  return files_->status(kBrokenPath)->size / kPageSize;
}

StructurePageHeader SalvageFiles::header(Pid pid) const {
  StructurePageHeader header{};
  files_->open(kBrokenPath, OpenMode::read_only)
      ->read_at(std::uint64_t{pid} * kPageSize, std::as_writable_bytes(std::span(&header, 1)));
  return header;
}

std::vector<Pid> SalvageFiles::pages(CollectionId owner, PageType type) const {
  std::vector<Pid> found;
  for (Pid pid = 2; pid < page_count(); ++pid) {
    const StructurePageHeader is = header(pid);
    if (is.pid == pid && is.owner == owner && is.type == static_cast<std::uint8_t>(type))
      found.push_back(pid);
  }
  return found;
}

void SalvageFiles::zero(Pid pid) {
  const Bytes zeros(kPageSize);
  files_->open(kBrokenPath, OpenMode::read_write)
      ->write_at(std::uint64_t{pid} * kPageSize, ByteView(zeros));
}

void SalvageFiles::put_page_of(const Bytes& image, Pid pid) {
  const std::uint64_t at = std::uint64_t{pid} * kPageSize;
  files_->open(kBrokenPath, OpenMode::read_write)->write_at(at, ByteView(image).sub(at, kPageSize));
}

void SalvageFiles::flip(Pid pid, std::size_t offset) {
  const auto file = files_->open(kBrokenPath, OpenMode::read_write);
  const std::uint64_t at = std::uint64_t{pid} * kPageSize + offset;
  std::byte byte{};
  file->read_at(at, {&byte, 1});
  byte ^= std::byte{0x10};
  file->write_at(at, ByteView(&byte, 1));
}

void SalvageFiles::damage_headers() {
  zero(0);
  zero(1);
}

std::vector<std::string> SalvageFiles::segments() const {
  std::vector<std::string> found;
  for (const std::string& name : files_->list(kSalvageDirectory)) {
    const std::string path = kSalvageDirectory + "/" + name;
    if (path.starts_with(kBrokenPath + "-wal.")) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::map<std::string, Bytes> SalvageFiles::broken_files() const {
  std::map<std::string, Bytes> found;
  for (const std::string& name : files_->list(kSalvageDirectory)) {
    const std::string path = kSalvageDirectory + "/" + name;
    if (path.starts_with(kBrokenPath)) found[path] = read(path);
  }
  return found;
}

SalvageReport SalvageFiles::salvage(SalvageOptions options) {
  if (files_->status(kNewPath)) files_->remove(kNewPath);
  const auto before = broken_files();
  options.file_system = files_.get();
  SalvageReport report = Database::salvage(kBrokenPath, kNewPath, options);
  EXPECT_EQ(broken_files(), before) << "the damaged files have changed";
  EXPECT_EQ(files_->list(kSalvageDirectory).size(), before.size() + 1) << "something is left over";
  Options how = options_;
  how.file_system = files_.get();
  how.read_only = true;
  expect_sound(Database::open(kNewPath, how), options.checks);
  return report;
}

Model SalvageFiles::result() const {
  Options how = options_;
  how.file_system = files_.get();
  how.read_only = true;
  return read_all(Database::open(kNewPath, how));
}

const SalvagedCollection& SalvageFiles::account(const SalvageReport& report,
                                                const std::string& former) {
  static const SalvagedCollection kNone;
  for (const SalvagedCollection& known : report.collections) {
    if (known.former_name == former) return known;
  }
  ADD_FAILURE() << "no account of '" << former << "'";
  return kNone;
}

void expect_committed(const Model& result, const SalvageReport& report,
                      const std::vector<Model>& history) {
  expect_own_are_exact(result, history, &Model::blobs);
  expect_own_are_exact(result, history, &Model::hashes);
  expect_own_are_exact(result, history, &Model::lists);
  expect_own_are_exact(result, history, &Model::bags);
  const auto entries = all_entries(history);
  const auto items = all_items(history);
  for (const auto& [name, table] : result.hashes) {
    for (const auto& entry : table) EXPECT_TRUE(entries.contains(entry)) << name << entry.first;
  }
  for (const auto& [name, list] : result.lists) {
    for (const std::string& item : list) EXPECT_TRUE(items.contains(item)) << name << " " << item;
  }
  expect_blobs_are_rests(result, report, history);
}

}  // namespace quire::testing
