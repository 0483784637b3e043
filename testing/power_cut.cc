#include "testing/power_cut.h"

#include <algorithm>
#include <set>
#include <utility>

#include <quire/error.h>

namespace quire::simulation {
namespace {

constexpr std::uint64_t kSpoiledBlockBytes = 4096;
constexpr std::size_t kSectorsOfABlock = kSpoiledBlockBytes / kSectorBytes;

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
class Wreck {
 public:
  explicit Wreck(const Inode& inode)
      : bytes_(inode.durable), size_(inode.durable_size), unreadable_(inode.unreadable) {}

  void apply(const FileChange& change, const Fate& fate) {
    if (fate.kind == Fate::Kind::lost) return;
    if (change.kind == FileChange::Kind::data) {
      write(change, fate);
    } else if (change.kind == FileChange::Kind::cut) {
      bytes_.resize(std::min(bytes_.size(), change.offset));
      size_ = change.offset;
    } else if (change.offset > size_) {
      if (fate.kind == Fate::Kind::garbage) fill_with_garbage(size_, change.offset);
      size_ = change.offset;
    }
  }

  Disk::Remains result() && {
    bytes_.resize(size_);
    return {std::move(bytes_), std::move(unreadable_)};
  }

 private:
  void write(const FileChange& change, const Fate& fate) {
    const std::uint64_t end = change.offset + change.bytes->size();
    if (fate.kind == Fate::Kind::spoiled) {
      const std::uint64_t block = change.offset / kSpoiledBlockBytes * kSpoiledBlockBytes;
      overwrite(block, stale_bytes(change.offset - block));
      const std::uint64_t rest = end % kSpoiledBlockBytes;
      if (rest != 0) overwrite(end, stale_bytes(kSpoiledBlockBytes - rest));
    }
    if (fate.kind != Fate::Kind::torn) return keep(change, change.offset, end);
    for (std::size_t index = 0; index < fate.sectors.size(); ++index) {
      const std::uint64_t sector = sector_of(change.offset) + index;
      write_sector(change, sector, std::max(sector * kSectorBytes, change.offset),
                   std::min((sector + 1) * kSectorBytes, end), fate.sectors[index]);
    }
  }

  /// The part of the change that lies in one sector, from `from` to `to`.
  void write_sector(const FileChange& change, std::uint64_t sector, std::uint64_t from,
                    std::uint64_t to, char fate) {
    const std::uint64_t middle = from + mix(sector + 1) % (to - from);
    if (fate == '1') keep(change, from, to);
    if (fate == '<') keep(change, from, middle);
    if (fate == '>') keep(change, middle, to);
    if (fate == '?') overwrite(sector * kSectorBytes, stale_bytes(kSectorBytes));
    if (fate == '!') unreadable_.insert(sector);
  }

  void keep(const FileChange& change, std::uint64_t from, std::uint64_t to) {
    bytes_.write(from, ByteView(*change.bytes).sub(from - change.offset, to - from));
    const auto [first, last] = whole_sectors(from, to - from);
    unreadable_.erase(unreadable_.lower_bound(first), unreadable_.lower_bound(last));
  }

  void overwrite(std::uint64_t offset, const std::vector<std::byte>& bytes) {
    bytes_.write(offset, bytes);
  }

  /// What the disk has of it already stays.
  void fill_with_garbage(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t begin = std::max(from, bytes_.size());
    if (begin < to) overwrite(begin, stale_bytes(to - begin));
  }

  BlockBytes bytes_;
  std::uint64_t size_;
  std::set<std::uint64_t> unreadable_;
};

[[noreturn]] void refuse(std::string_view text) {
  throw InvalidArgument("'" + std::string(text) +
                        "' does not decide the pending changes of this moment");
}

void require_fit(const FileChange& change, const Fate& fate) {
  const bool torn = fate.kind == Fate::Kind::torn;
  const bool garbage = fate.kind == Fate::Kind::garbage;
  const bool spoiled = fate.kind == Fate::Kind::spoiled;
  if ((torn && fate.sectors.size() != sector_count(change)) ||
      (garbage && change.kind != FileChange::Kind::extension) ||
      (spoiled && change.kind != FileChange::Kind::data)) {
    refuse(to_string(Decisions{fate}));
  }
}

// ---- choices

Fate kept() { return {Fate::Kind::kept}; }

/// Sectors from `from` to `to` have one fate, all others another.
Fate torn(std::size_t sectors, std::size_t from, std::size_t to, char inside, char outside) {
  Fate fate{Fate::Kind::torn, std::string(sectors, outside)};
  for (std::size_t index = from; index < to; ++index) fate.sectors[index] = inside;
  return fate;
}

/// Where a write may be torn in two: after so many of its sectors.
std::vector<std::size_t> seams(const PendingChange& change) {
  const std::size_t count = change.sectors;
  if (change.tearing != Tearing::blocks) return {1, count / 2, count - 1};
  std::set<std::size_t> found;
  for (const std::size_t near : {std::size_t{1}, count / 2, count - 1}) {
    const std::size_t seam = (change.first_sector + near) / kSectorsOfABlock * kSectorsOfABlock;
    if (seam > change.first_sector && seam < change.first_sector + count) {
      found.insert(seam - change.first_sector);
    }
  }
  return {found.begin(), found.end()};
}

/// What may become of a sector other than all or nothing.
std::string_view odd_sectors(Tearing tearing) {
  switch (tearing) {
    case Tearing::blocks:
    case Tearing::sectors:
      return "";
    case Tearing::bytes:
      return "<>";
    case Tearing::garbage:
      return "?";
    case Tearing::unreadable:
      return "!";
  }
  return "";
}

/// What may become of a change other than all or nothing.
std::vector<Fate> odd_fates(const PendingChange& change) {
  std::vector<Fate> fates;
  if (change.may_be_garbage) fates.push_back({Fate::Kind::garbage});
  if (change.may_spoil) fates.push_back({Fate::Kind::spoiled});
  const std::size_t count = change.sectors;
  if (count > 1) {
    for (const std::size_t seam : seams(change)) {
      fates.push_back(torn(count, 0, seam, '1', '0'));
      fates.push_back(torn(count, 0, seam, '0', '1'));
    }
  }
  if (count == 0) return fates;
  for (const char odd : odd_sectors(change.tearing)) {
    for (const std::size_t at : std::set<std::size_t>{0, count / 2, count - 1}) {
      Fate fate = torn(count, 0, at, '1', '0');
      fate.sectors[at] = odd;
      fates.push_back(std::move(fate));
      fates.push_back(torn(count, at, at + 1, odd, '1'));
    }
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
      const bool fills_blocks =
          change.kind != FileChange::Kind::data || (change.offset % kSpoiledBlockBytes == 0 &&
                                                    change.bytes->size() % kSpoiledBlockBytes == 0);
      changes.push_back({.sectors = sector_count(change),
                         .may_be_garbage = change.kind == FileChange::Kind::extension,
                         .description = name_of(disk, number) + ": " + describe(change),
                         .first_sector = static_cast<std::size_t>(sector_of(change.offset)),
                         .tearing = disk.profile().tearing,
                         .may_spoil = disk.profile().spoils_blocks && !fills_blocks});
    }
  }
  for (const NameChange& change : disk.pending_names()) {
    changes.push_back({.description = describe(change)});
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
  std::map<InodeNumber, Disk::Remains> files;
  for (const InodeNumber number : disk.reachable()) {
    const Inode& inode = disk.inode(number);
    Wreck wreck(inode);
    for (const FileChange& change : inode.pending) {
      require_fit(change, *fate);
      wreck.apply(change, *fate++);
    }
    files.emplace(number, std::move(wreck).result());
  }
  Names names = disk.durable_names();
  for (const NameChange& change : disk.pending_names()) {
    if (fate->kind == Fate::Kind::kept) apply_change(names, change);
    if (fate->kind > Fate::Kind::kept) refuse(to_string(decisions));
    ++fate;
  }
  Disk result = disk;
  result.replace_all(std::move(names), std::move(files));
  return result;
}

std::string to_string(const Decisions& decisions) {
  constexpr std::string_view kKinds = "01g?b";  // by Fate::Kind
  std::string text;
  for (const Fate& fate : decisions) {
    if (fate.kind == Fate::Kind::torn) {
      text += "[" + fate.sectors + "]";
    } else {
      text += kKinds[static_cast<std::size_t>(fate.kind)];
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
      fate.sectors = text.substr(at + 1, end - at - 1);
      if (fate.sectors.find_first_not_of("01<>?!") != std::string::npos) refuse(text);
      at = end;
    } else if (text[at] == '1') {
      fate.kind = Fate::Kind::kept;
    } else if (text[at] == 'g') {
      fate.kind = Fate::Kind::garbage;
    } else if (text[at] == 'b') {
      fate.kind = Fate::Kind::spoiled;
    } else if (text[at] != '0') {
      refuse(text);
    }
    decisions.push_back(std::move(fate));
  }
  return decisions;
}

namespace {

template <class Chance>
std::string torn_at_random(const PendingChange& change, const Chance& chance, double keep) {
  constexpr double kOdd = 0.1;
  const std::string_view odd = odd_sectors(change.tearing);
  std::string sectors;
  bool is_kept = false;
  for (std::size_t index = 0; index < change.sectors; ++index) {
    const bool may_change = change.tearing != Tearing::blocks || sectors.empty() ||
                            (change.first_sector + index) % kSectorsOfABlock == 0;
    if (may_change) is_kept = chance(keep);
    sectors += is_kept ? '1' : '0';
    if (!odd.empty() && chance(kOdd)) sectors.back() = chance(.5) ? odd.front() : odd.back();
  }
  return sectors;
}

}  // namespace

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
    if (change.may_spoil && fate.kind == Fate::Kind::kept && chance(kOdd)) {
      fate.kind = Fate::Kind::spoiled;
    }
    const bool may_tear = change.sectors > 1 || !odd_sectors(change.tearing).empty();
    if (change.sectors > 0 && may_tear && chance(kOdd)) {
      fate = {Fate::Kind::torn, torn_at_random(change, chance, keep)};
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
  const bool has_subsets = changes.size() <= kMostForSubsets;
  if (has_subsets) add_subsets(changes.size(), choices);
  // Of more changes, only chance keeps several and loses several in any order.
  const std::size_t most_choices = has_subsets ? budget : budget - budget / 4;
  std::mt19937_64 random(seed);
  if (choices.size() > most_choices) {
    for (std::size_t index = kSimplest; index < most_choices; ++index) {
      std::swap(choices[index], choices[index + random() % (choices.size() - index)]);
    }
    choices.resize(std::max(most_choices, std::size_t{1}));
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
