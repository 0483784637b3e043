#include "testing/power_cut.h"

#include <algorithm>
#include <utility>

#include <quire/error.h>

namespace quire::simulation {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::uint64_t sector_of(std::uint64_t offset) { return offset / kSectorBytes; }

std::size_t sector_count(const FileChange& change) {
  if (change.kind != FileChange::Kind::data) return 0;
  const std::uint64_t last = change.offset + change.bytes->size() - 1;
  return static_cast<std::size_t>(sector_of(last) - sector_of(change.offset) + 1);
}

/// The names under which a file is, was, or will be known.
std::string name_of(const Disk& disk, InodeNumber number) {
  for (const auto& [name, inode] : disk.names()) {
    if (inode == number) return name;
  }
  for (const auto& [name, inode] : disk.durable_names()) {
    if (inode == number) return name;
  }
  return "file " + std::to_string(number);
}

std::string describe(const FileChange& change) {
  switch (change.kind) {
    case FileChange::Kind::data:
      return "write of " + std::to_string(change.bytes->size()) + " bytes at " +
             std::to_string(change.offset);
    case FileChange::Kind::growth:
    case FileChange::Kind::extension:
      return "growth to " + std::to_string(change.offset) + " bytes";
    case FileChange::Kind::cut:
      break;
  }
  return "cut to " + std::to_string(change.offset) + " bytes";
}

std::string describe(const NameChange& change) {
  switch (change.kind) {
    case NameChange::Kind::add:
      return change.name + ": new name";
    case NameChange::Kind::remove:
      return change.name + ": removed name";
    case NameChange::Kind::rename:
      break;
  }
  return change.name + ": renamed to " + change.target;
}

/// Bytes of another file that has been there before.
std::vector<std::byte> stale_bytes(std::uint64_t count) {
  std::vector<std::byte> bytes(count);
  for (std::uint64_t index = 0; index < count; ++index) {
    bytes[index] = static_cast<std::byte>(mix(index / 8 + 1) >> (index % 8 * 8));
  }
  return bytes;
}

/// A file as the cut leaves it. Data is kept beyond the end too until all is decided, because a
/// later growth may make it visible.
class Remains {
 public:
  explicit Remains(const BlockBytes& durable) : bytes_(durable), size_(durable.size()) {}

  void apply(const FileChange& change, const Fate& fate) {
    if (fate.kind == Fate::Kind::lost) return;
    if (change.kind == FileChange::Kind::data) {
      write(change, fate);
    } else if (change.kind == FileChange::Kind::cut) {
      bytes_.resize(change.offset);
      size_ = change.offset;
    } else if (change.offset > size_) {
      if (fate.kind == Fate::Kind::garbage) bytes_.write(size_, stale_bytes(change.offset - size_));
      size_ = change.offset;
    }
  }

  BlockBytes result() && {
    bytes_.resize(size_);
    return std::move(bytes_);
  }

 private:
  void write(const FileChange& change, const Fate& fate) {
    if (fate.kind != Fate::Kind::torn) return bytes_.write(change.offset, *change.bytes);
    const std::uint64_t end = change.offset + change.bytes->size();
    for (std::size_t index = 0; index < fate.sectors.size(); ++index) {
      if (!fate.sectors[index]) continue;
      const std::uint64_t sector = (sector_of(change.offset) + index) * kSectorBytes;
      const std::uint64_t from = std::max(sector, change.offset);
      const std::uint64_t to = std::min(sector + kSectorBytes, end);
      bytes_.write(from, ByteView(*change.bytes).sub(from - change.offset, to - from));
    }
  }

  BlockBytes bytes_;
  std::uint64_t size_;
};

[[noreturn]] void refuse(std::string_view text) {
  throw InvalidArgument("'" + std::string(text) +
                        "' does not decide the pending changes of this moment");
}

void require_fit(const FileChange& change, const Fate& fate) {
  const bool torn = fate.kind == Fate::Kind::torn;
  const bool garbage = fate.kind == Fate::Kind::garbage;
  if ((torn && fate.sectors.size() != sector_count(change)) ||
      (garbage && change.kind != FileChange::Kind::extension)) {
    refuse(to_string(Decisions{fate}));
  }
}

// ---- choices

Fate kept() { return {Fate::Kind::kept}; }

Fate torn(std::size_t sectors, std::size_t from, std::size_t to, bool inside) {
  Fate fate{Fate::Kind::torn, std::vector<bool>(sectors, !inside)};
  for (std::size_t index = from; index < to; ++index) fate.sectors[index] = inside;
  return fate;
}

/// What may become of a change other than all or nothing.
std::vector<Fate> odd_fates(const PendingChange& change) {
  std::vector<Fate> fates;
  if (change.may_be_garbage) fates.push_back({Fate::Kind::garbage});
  if (const std::size_t count = change.sectors; count > 1) {
    fates.push_back(torn(count, 0, 1, true));
    fates.push_back(torn(count, 0, 1, false));
    fates.push_back(torn(count, 0, count / 2, true));
    fates.push_back(torn(count, 0, count / 2, false));
    fates.push_back(torn(count, count - 1, count, true));
    fates.push_back(torn(count, count - 1, count, false));
  }
  return fates;
}

/// A way to decide, in short: there may be many more of them than are tried.
struct Choice {
  bool others_are_kept = false;
  std::size_t from = 0;  // these have the fate, up to `to`
  std::size_t to = 0;
  Fate fate = {};
  std::uint32_t subset = 0;  // the bits of those that are kept besides
};

Decisions decide(const Choice& choice, std::size_t count) {
  Decisions decisions(count, choice.others_are_kept ? kept() : Fate());
  for (std::size_t index = choice.from; index < choice.to; ++index) decisions[index] = choice.fate;
  for (std::size_t index = 0; choice.subset >> index != 0; ++index) {
    if ((choice.subset >> index & 1) != 0) decisions[index] = kept();
  }
  return decisions;
}

std::vector<Choice> systematic_choices(const std::vector<PendingChange>& changes) {
  std::vector<Choice> all{{.others_are_kept = false}, {.others_are_kept = true}};
  for (std::size_t index = 1; index < changes.size(); ++index) {
    all.push_back({false, 0, index, kept()});
  }
  for (std::size_t index = 0; index < changes.size(); ++index) {
    all.push_back({true, index, index + 1, {}});
    all.push_back({false, index, index + 1, kept()});
    for (const Fate& fate : odd_fates(changes[index])) {
      for (const bool others : {false, true}) all.push_back({others, index, index + 1, fate});
    }
  }
  return all;
}

void add_subsets(std::size_t count, std::vector<Choice>& all) {
  for (std::uint32_t subset = 1; subset + 1 < std::uint32_t{1} << count; ++subset) {
    all.push_back({.subset = subset});
  }
}

}  // namespace

std::vector<PendingChange> pending_changes(const Disk& disk) {
  std::vector<PendingChange> changes;
  for (const InodeNumber number : disk.reachable()) {
    for (const FileChange& change : disk.inode(number).pending) {
      changes.push_back({sector_count(change), change.kind == FileChange::Kind::extension,
                         name_of(disk, number) + ": " + describe(change)});
    }
  }
  for (const NameChange& change : disk.pending_names()) {
    changes.push_back({0, false, describe(change)});
  }
  return changes;
}

std::size_t pending_change_count(const Disk& disk) {
  std::size_t count = disk.pending_names().size();
  for (const InodeNumber number : disk.reachable()) count += disk.inode(number).pending.size();
  return count;
}

Disk cut_power(const Disk& disk, const Decisions& decisions) {
  if (decisions.size() != pending_change_count(disk)) refuse(to_string(decisions));
  auto fate = decisions.begin();
  std::map<InodeNumber, BlockBytes> contents;
  for (const InodeNumber number : disk.reachable()) {
    const Inode& inode = disk.inode(number);
    Remains remains(inode.durable);
    for (const FileChange& change : inode.pending) {
      require_fit(change, *fate);
      remains.apply(change, *fate++);
    }
    contents.emplace(number, std::move(remains).result());
  }
  Names names = disk.durable_names();
  for (const NameChange& change : disk.pending_names()) {
    if (fate->kind == Fate::Kind::kept) apply_change(names, change);
    if (fate->kind > Fate::Kind::kept) refuse(to_string(decisions));
    ++fate;
  }
  Disk result = disk;
  result.replace_all(std::move(names), contents);
  return result;
}

std::string to_string(const Decisions& decisions) {
  std::string text;
  for (const Fate& fate : decisions) {
    if (fate.kind == Fate::Kind::torn) {
      text += '[';
      for (const bool sector : fate.sectors) text += sector ? '1' : '0';
      text += ']';
    } else {
      text += fate.kind == Fate::Kind::lost ? '0' : fate.kind == Fate::Kind::kept ? '1' : 'g';
    }
  }
  return text;
}

Decisions parse_decisions(std::string_view text) {
  Decisions decisions;
  for (std::size_t at = 0; at < text.size(); ++at) {
    Fate fate;
    if (text[at] == '[') {
      const std::size_t end = text.find(']', at);
      if (end == std::string_view::npos) refuse(text);
      fate.kind = Fate::Kind::torn;
      for (const char sector : text.substr(at + 1, end - at - 1)) {
        if (sector != '0' && sector != '1') refuse(text);
        fate.sectors.push_back(sector == '1');
      }
      at = end;
    } else if (text[at] == '1') {
      fate.kind = Fate::Kind::kept;
    } else if (text[at] == 'g') {
      fate.kind = Fate::Kind::garbage;
    } else if (text[at] != '0') {
      refuse(text);
    }
    decisions.push_back(std::move(fate));
  }
  return decisions;
}

Decisions random_decisions(const std::vector<PendingChange>& changes, double keep,
                           std::mt19937_64& random) {
  const auto chance = [&random](double probability) {
    return static_cast<double>(random() >> 11) * 0x1.0p-53 < probability;
  };
  constexpr double kOdd = 0.2;
  Decisions decisions;
  for (const PendingChange& change : changes) {
    Fate fate;
    if (chance(keep)) fate = kept();
    if (change.may_be_garbage && fate.kind == Fate::Kind::kept && chance(kOdd)) {
      fate.kind = Fate::Kind::garbage;
    }
    if (change.sectors > 1 && chance(kOdd)) {
      fate.kind = Fate::Kind::torn;
      for (std::size_t index = 0; index < change.sectors; ++index) {
        fate.sectors.push_back(chance(keep));
      }
    }
    decisions.push_back(std::move(fate));
  }
  return decisions;
}

std::vector<Decisions> choose_decisions(const std::vector<PendingChange>& changes,
                                        std::size_t budget, std::uint64_t seed) {
  constexpr std::size_t kMostForSubsets = 10;
  constexpr std::size_t kSimplest = 2;
  if (changes.empty()) return {Decisions()};
  std::vector<Choice> choices = systematic_choices(changes);
  if (changes.size() <= kMostForSubsets) add_subsets(changes.size(), choices);
  std::mt19937_64 random(seed);
  if (choices.size() > budget) {
    for (std::size_t index = kSimplest; index < budget; ++index) {
      std::swap(choices[index], choices[index + random() % (choices.size() - index)]);
    }
    choices.resize(std::max(budget, std::size_t{1}));
  }
  std::vector<Decisions> all;
  for (const Choice& choice : choices) all.push_back(decide(choice, changes.size()));
  constexpr double kKeep[] = {.5, .9, .1};
  for (std::size_t turn = 0; all.size() < budget; ++turn) {
    all.push_back(random_decisions(changes, kKeep[turn % 3], random));
  }
  return all;
}

}  // namespace quire::simulation
