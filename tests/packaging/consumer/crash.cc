#include <quire/quire.h>
#include <quire/testing.h>

#include <iostream>
#include <stdexcept>

// Tries a transaction of the user's at every moment of a power cut.
int main() {
  const auto workload = [](quire::CrashRun& run) {
    quire::Database database = run.open();
    quire::Transaction transaction = database.begin();
    transaction.open<quire::Hash>("users").put("ada", "ada@example.org");
    transaction.open<quire::List>("log").push_back("ada joined");
    run.commit(transaction, "ada");
  };
  const auto invariant = [](quire::Database& database, const quire::CrashHistory& history) {
    const auto snapshot = database.snapshot();
    const bool has_user = snapshot.find<quire::Hash>("users").has_value();
    const bool has_line = snapshot.find<quire::List>("log").has_value();
    if (has_user != has_line) throw std::runtime_error("half a transaction");
    if (!history.empty() && history[0].acknowledged && !has_user) throw std::runtime_error("lost");
  };
  quire::CrashOptions options;
  options.images_per_point = 4;
  const quire::CrashReport report = quire::explore_crashes(workload, invariant, options);
  std::cout << report.summary() << "\n";
  return report.ok() ? 0 : 1;
}
