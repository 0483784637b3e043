// A program that tests its own crash recovery: two collections must agree, whenever the power goes.
// docs/testing.md explains it. With a line that it has printed, it tries that one case of the
// mistaken program again.
#include <quire/quire.h>
#include <quire/testing.h>

#include <iostream>
#include <stdexcept>
#include <string>

namespace {

/// How an order is taken: in one transaction, or by mistake in two.
enum class Shop { sound, broken };

int stock_of(const quire::HashView& stock) {
  const auto left = stock.get("lamp");
  return left ? std::stoi(left->str()) : 0;
}

void take_order(quire::CrashRun& run, quire::Database& db, Shop shop, int number) {
  auto txn = db.begin();
  txn.open<quire::List>("orders").push_back("a lamp");
  if (shop == Shop::broken) {
    txn.commit();  // a power cut here has sold a lamp that is still in stock
    txn = db.begin();
  }
  auto stock = txn.open<quire::Hash>("stock");
  stock.put("lamp", std::to_string(stock_of(stock) - 1));
  run.commit(txn, std::to_string(number));  // tells the explorer what must survive from now on
}

/// The workload: it is run once, on a simulated disk.
void sell_lamps(quire::CrashRun& run, Shop shop) {
  auto db = run.open();
  db.transact([](quire::Transaction& txn) { txn.open<quire::Hash>("stock").put("lamp", "10"); });
  for (int number = 1; number <= 3; ++number) take_order(run, db, shop, number);
}

/// What must hold of whatever a power cut has left, and whatever the recovery made of it.
void require_agreement(quire::Database& db, const quire::CrashHistory& history) {
  const auto snapshot = db.snapshot();
  const auto stock = snapshot.find<quire::Hash>("stock");
  const auto orders = snapshot.find<quire::List>("orders");
  const int sold = orders ? static_cast<int>(orders->size()) : 0;
  if (stock && stock_of(*stock) + sold != 10)
    throw std::runtime_error("a lamp too many or too few");
  for (const quire::CrashCommit& order : history) {
    if (order.acknowledged && std::stoi(order.note) > sold) {
      throw std::runtime_error("order " + order.note + " was confirmed, and is gone");
    }
  }
}

quire::CrashReport explore(Shop shop, const std::string& line = "") {
  quire::CrashOptions options;
  options.reproduce = line;
  return quire::explore_crashes([shop](quire::CrashRun& run) { sell_lamps(run, shop); },
                                require_agreement, options);
}

int replay(const std::string& line) {
  const auto again = explore(Shop::broken, line);
  std::cout << "two transactions, this case alone: " << again.summary() << "\n";
  return again.ok() ? 0 : 1;
}

int explore_both() {
  const auto sound = explore(Shop::sound);
  std::cout << "one transaction: " << sound.summary() << "\n";
  const auto broken = explore(Shop::broken);
  std::cout << "two transactions: " << broken.summary() << "\n";
  return sound.ok() && !broken.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return argc > 1 ? replay(argv[1]) : explore_both();
  } catch (const std::exception& error) {  // no such case, or the workload itself has failed
    std::cerr << "crash_test: " << error.what() << "\n";
    return 2;
  }
}
