#include "engine/salvage_naming.h"

#include <quire/error.h>

#include <algorithm>
#include <span>

#include "engine/catalog_format.h"
#include "engine/utf8.h"

namespace quire::engine {
namespace {

bool is_composite(const SalvagedCopy& copy) {
  return copy.source.kind == CollectionKind::composite;
}

void note_mixed_ages(SalvagedCollection& account) {
  account.whole = false;
  account.remarks.emplace_back(
      "the log is not whole, and pages of two commits were found: what they hold may never have "
      "been there at the same time");
}

/// Only asks whether there is a problem.
class AnyProblem final : public CheckSink {
 public:
  void problem(const std::string&) override { found = true; }
  bool deep() const override { return true; }
  bool found = false;
};

/// One collection with a name of its own, and all below it: neighbours in `copies`.
class Family {
 public:
  Family(const SalvageTarget::SessionPtr& session, const SalvageNames& names,
         std::vector<SalvagedCopy>& copies, std::size_t first, std::size_t end)
      : session_(session), names_(names), copies_(copies), first_(first), end_(end) {}

  bool is_whole() const;
  /// Says what is newer. What is of two commits is not whole; nor is a family whose members are.
  void compare_ages();
  /// Whether every composite of the family passes the check of its kind. One that nobody has given
  /// a check for passes only if nothing of the family is lost.
  bool passes_checks(const CheckOptions& checks) const;
  void rename(const std::string& name);
  void take_apart();

 private:
  std::string free_name(const std::string& name, CollectionId id) const;
  std::string name_of(std::size_t index) const;

  const SalvageTarget::SessionPtr& session_;
  const SalvageNames& names_;
  std::vector<SalvagedCopy>& copies_;
  std::size_t first_;
  std::size_t end_;
};

bool Family::is_whole() const {
  return std::all_of(copies_.begin() + static_cast<std::ptrdiff_t>(first_),
                     copies_.begin() + static_cast<std::ptrdiff_t>(end_),
                     [](const SalvagedCopy& copy) { return copy.account.whole; });
}

void Family::compare_ages() {
  PageAges all;
  for (std::size_t i = first_; i < end_; ++i) {
    all.add(copies_[i].ages);
    copies_[i].account.newer = copies_[i].ages.newer && !copies_[i].ages.old;
    if (copies_[i].ages.are_mixed()) note_mixed_ages(copies_[i].account);
  }
  if (all.are_mixed() && is_whole()) note_mixed_ages(copies_[first_].account);
}

bool Family::passes_checks(const CheckOptions& checks) const {
  const bool is_whole_family = is_whole();
  AnyProblem sink;
  for (std::size_t i = first_; i < end_ && !sink.found; ++i) {
    if (!is_composite(copies_[i])) continue;
    const auto check = checks.kinds.find(copies_[i].source.kind_name);
    if (check == checks.kinds.end() && is_whole_family) continue;
    if (check == checks.kinds.end()) return false;
    try {
      check->second(make_read_scope(session_, find_copy(session_, copies_, i)), sink);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::io || error.code() == ErrorCode::closed) throw;
      sink.found = true;
    }
  }
  return !sink.found;
}

std::string Family::name_of(std::size_t index) const {
  const SalvagedCopy& copy = copies_[index];
  return copy.parent == SalvagedCopy::kNoParent ? copy.name
                                                : name_of(copy.parent) + "/" + copy.name;
}

/// Another one if two names have become the same.
std::string Family::free_name(const std::string& name, CollectionId id) const {
  return is_taken(session_, name) ? names_.found(name, id) : name;
}

void Family::rename(const std::string& name) {
  SalvagedCopy& copy = copies_[first_];
  const std::string to = free_name(name, copy.source.id);
  rename_in(session_, copy.name, to);
  copy.name = to;
}

void Family::take_apart() {
  std::vector<CollectionPtr> composites;
  std::vector<std::string> new_names;
  for (std::size_t i = first_; i < end_; ++i) {
    new_names.push_back(
        free_name(names_.incomplete(name_of(i), copies_[i].source.id), copies_[i].source.id));
    const CollectionPtr collection = find_copy(session_, copies_, i);
    if (is_composite(copies_[i])) {
      composites.push_back(collection);
    } else {
      detach_in(session_, collection, new_names.back());
    }
  }
  for (const CollectionPtr& composite : composites) forget_in(session_, composite);
  for (std::size_t i = first_; i < end_; ++i) {
    SalvagedCopy& copy = copies_[i];
    copy.parent = SalvagedCopy::kNoParent;
    copy.name = is_composite(copy) ? std::string() : new_names[i - first_];
    if (is_composite(copy)) copy.account.remarks.emplace_back("taken apart into its children");
  }
}

}  // namespace

SalvageNames::SalvageNames(const std::vector<std::string>& taken) : prefix_("salvaged/") {
  const auto is_free = [&] {
    return std::none_of(taken.begin(), taken.end(),
                        [&](const std::string& name) { return name.starts_with(prefix_); });
  };
  for (unsigned number = 2; !is_free(); ++number)
    prefix_ = "salvaged-" + std::to_string(number) + "/";
}

std::string SalvageNames::below(const std::string& group, const std::string& name,
                                CollectionId id) const {
  std::string full = prefix_ + group + name;
  if (full.size() <= kMaxNameBytes && is_utf8(full) && full.find('\0') == std::string::npos)
    return full;
  const std::string end = " ~" + std::to_string(id);
  full.resize(std::min(full.size(), kMaxNameBytes - end.size()));
  while (!is_utf8(full)) full.pop_back();
  return full.substr(0, full.find('\0')) + end;
}

std::string SalvageNames::incomplete(const std::string& name, CollectionId id) const {
  return below("incomplete/", name, id);
}
std::string SalvageNames::unverified(const std::string& name, CollectionId id) const {
  return below("unverified/", name, id);
}
std::string SalvageNames::found(const std::string& what, CollectionId id) const {
  return below("found/", std::to_string(id) + " " + what, id);
}

CollectionPtr find_copy(const SalvageTarget::SessionPtr& session,
                        const std::vector<SalvagedCopy>& copies, std::size_t index) {
  const SalvagedCopy& copy = copies[index];
  const CollectionPtr parent =
      copy.parent == SalvagedCopy::kNoParent ? nullptr : find_copy(session, copies, copy.parent);
  return find_in(session, parent, copy.name, kind_name(copy.source));
}

void name_copies(SalvageTarget& target, const SalvageNames& names, const CheckOptions& checks,
                 bool is_certain, std::vector<SalvagedCopy>& copies) {
  for (std::size_t first = 0, end = 0; first < copies.size(); first = end) {
    end = first + 1;
    while (end < copies.size() && copies[end].parent != SalvagedCopy::kNoParent) ++end;
    target.transact([&](const SalvageTarget::SessionPtr& session) {
      Family family(session, names, copies, first, end);
      family.compare_ages();
      const SalvagedCopy& head = copies[first];
      const bool has_name = head.name == head.account.former_name;
      const bool is_whole = family.is_whole();
      const bool is_doubtful = !is_whole || !is_certain;
      if (is_composite(head) && is_doubtful && !family.passes_checks(checks)) {
        family.take_apart();
      } else if (has_name && !is_certain) {
        family.rename(names.unverified(head.name, head.source.id));
      } else if (has_name && !is_whole) {
        family.rename(names.incomplete(head.name, head.source.id));
      }
    });
  }
}

}  // namespace quire::engine
