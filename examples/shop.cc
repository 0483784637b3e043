#include <quire/quire.h>

#include <iostream>

int main() {
  auto db = quire::Database::open("shop.quire");

  db.transact([](quire::Transaction& txn) {  // commits; rolls back on a throw
    txn.open<quire::Hash>("users").put("ada", "ada@example.org");
    txn.open<quire::List>("log").push_back("ada joined");
  });

  auto snapshot = db.snapshot();  // sees one moment, blocks nobody
  if (auto mail = snapshot.open<quire::Hash>("users").get("ada")) std::cout << mail->text() << "\n";
}
