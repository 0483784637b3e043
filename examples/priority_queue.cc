// A collection of one's own that is made of two: jobs by urgency, whose urgency can be changed.
// docs/facades.md explains it.
#include <quire/quire.h>

#include <algorithm>
#include <iostream>

/// The place of a job in the order: its urgency, the most significant byte first, then its name, so
/// that bytes compare as the numbers do.
std::string place_of(std::uint64_t urgency, quire::ByteView job) {
  std::string place;
  for (int shift = 56; shift >= 0; shift -= 8) place += static_cast<char>(urgency >> shift);
  return place + job.str();
}

class PriorityQueueView {
 public:
  explicit PriorityQueueView(const quire::ReadScope& scope)
      : jobs_(scope.child<quire::Hash>("jobs")), order_(scope.child<quire::List>("order")) {}

  std::uint64_t size() const { return order_.size(); }
  /// The name of the most urgent job: that with the least number.
  std::string front() const { return order_.front().view().sub(8).str(); }
  const quire::HashView& jobs() const { return jobs_; }
  const quire::ListView& order() const { return order_; }

 protected:
  /// Where the place is in the order, or would be.
  std::uint64_t find(quire::ByteView place) const {
    const auto found = std::lower_bound(
        order_.begin(), order_.end(), place,
        [](const quire::Value& item, quire::ByteView wanted) { return item.view() < wanted; });
    return static_cast<std::uint64_t>(found - order_.begin());
  }

 private:
  quire::HashView jobs_;   // name -> its place
  quire::ListView order_;  // of the places
};

class PriorityQueue : public PriorityQueueView {
 public:
  static constexpr std::string_view kKind = "example.priority_queue";
  using View = PriorityQueueView;
  struct Options {};

  PriorityQueue(quire::WriteScope& scope, const Options&)
      : PriorityQueueView(prepared(scope)),
        jobs_(scope.child<quire::Hash>("jobs")),
        order_(scope.child<quire::List>("order")) {}

  /// Adds a job, or gives it another urgency.
  void push(quire::ByteView job, std::uint64_t urgency) {
    const std::string place = place_of(urgency, job);
    if (const auto former = jobs_.get(job)) order_.erase(find(*former));
    order_.insert(find(place), place);
    jobs_.put(job, place);
  }
  void pop() {
    jobs_.erase(front());
    order_.pop_front();
  }

  static void check(const PriorityQueueView& queue, quire::CheckSink& sink) {
    if (queue.jobs().size() != queue.size()) sink.problem("not every job has one place");
    std::string last;
    for (const quire::Value place : queue.order()) {
      const auto known = queue.jobs().get(place.view().sub(8));
      if (!known || *known != place) sink.problem("a place in the order is not its job's");
      if (place < quire::ByteView(last)) sink.problem("the order is not that of urgency");
      last = place.str();
    }
  }

 private:
  static quire::WriteScope& prepared(quire::WriteScope& scope) {
    scope.child<quire::Hash>("jobs");
    scope.child<quire::List>("order");
    return scope;
  }

  quire::Hash jobs_;
  quire::List order_;
};

int main() {
  auto db = quire::Database::create_in_memory();
  auto txn = db.begin();
  auto queue = txn.open<PriorityQueue>("jobs");
  queue.push("wash", 3);
  queue.push("rinse", 4);
  queue.push("spin", 5);
  queue.push("spin", 1);
  for (; queue.size() > 1; queue.pop()) std::cout << queue.front() << ", ";
  txn.commit();
  const bool ok = db.check(quire::CheckOptions().with<PriorityQueue>()).ok();
  std::cout << "and " << (ok ? "a sound" : "a damaged") << " queue with 1 job\n";
}
