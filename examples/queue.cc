// A collection type of one's own: a first-in, first-out queue. docs/collections.md explains it.
#include <quire/quire.h>

#include <iostream>

class QueueView {
 public:
  explicit QueueView(const quire::ReadScope& scope) : items_(scope.child<quire::List>("items")) {}

  std::uint64_t size() const { return items_.size(); }
  quire::Value front() const { return items_.front(); }

 private:
  quire::ListView items_;
};

class Queue : public QueueView {
 public:
  static constexpr std::string_view kKind = "example.queue";
  using View = QueueView;
  struct Options {
    std::uint64_t capacity = 100;
  };

  Queue(quire::WriteScope& scope, const Options& options)
      : QueueView(prepared(scope, options)),
        capacity_(std::stoull(scope.options().str())),
        items_(scope.child<quire::List>("items")) {}

  void push(quire::ByteView item) {
    if (size() == capacity_) throw quire::OutOfSpace("the queue is full");
    items_.push_back(item);
  }
  void pop() { items_.pop_front(); }

 private:
  static quire::WriteScope& prepared(quire::WriteScope& scope, const Options& options) {
    const std::string capacity = std::to_string(options.capacity);
    if (scope.created()) scope.set_options(capacity);
    if (scope.must_match() && scope.options() != capacity) {
      throw quire::InvalidArgument("capacity is " + capacity + ", but the queue's is another");
    }
    scope.child<quire::List>("items");
    return scope;
  }

  std::uint64_t capacity_;
  quire::List items_;
};

int main() {
  auto db = quire::Database::create_in_memory();
  db.transact([](quire::Transaction& txn) {
    auto jobs = txn.open<Queue>("jobs", {.capacity = 3});
    for (const char* job : {"wash", "rinse", "spin"}) jobs.push(job);
    jobs.pop();
  });
  std::cout << db.snapshot().open<Queue>("jobs").front().text() << " is next\n";
}
