#include "torture/endless_program.h"

#include <random>
#include <vector>

#include <quire/hash.h>

#include "torture/content.h"
#include "torture/operation.h"

namespace quire::torture {

namespace {

constexpr const char* kCounts = "counts";
constexpr const char* kLast = "last";
constexpr std::uint64_t kNewBeginning = 64;  // transactions from one to the next

void drop_all(Transaction& transaction) {
  std::vector<std::string> names;
  for (const CollectionInfo& info : transaction.collections()) names.push_back(info.name);
  for (const std::string& name : names) transaction.drop(name);
}

const Operation& choose(std::mt19937_64& random) {
  while (true) {
    const Operation& operation = operations()[random() % operations().size()];
    if (operation.change != nullptr) return operation;
  }
}

}  // namespace

void EndlessProgram::run(Transaction& transaction, std::uint64_t number) const {
  std::mt19937_64 random(seed_ ^ number * 0x9e3779b97f4a7c15u);
  if (number % kNewBeginning == 0) drop_all(transaction);
  choose(random).change(transaction, 1'000 * number);
  transaction.open<Hash>(kCounts).put(kLast, std::to_string(number));
}

std::uint64_t EndlessProgram::count(const Database& database) {
  const auto counts = database.snapshot().find<Hash>(kCounts);
  return counts ? std::stoull(counts->get(kLast).value().str()) : 0;
}

Twin::Twin(std::uint64_t seed) : program_(seed), database_(Database::create_in_memory()) {}

void Twin::advance_to(std::uint64_t count) {
  while (count_ < count) {
    Transaction transaction = database_.begin();
    program_.run(transaction, ++count_);
    transaction.commit();
  }
}

std::string Twin::content() const { return content_of(database_); }

}  // namespace quire::torture
