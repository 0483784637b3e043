#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <quire/quire.h>

namespace quire {

/// What a database holds, by name.
struct Model {
  using Entries = std::map<std::string, std::string>;
  /// A testing::Bag: things by name, and the names in their order of arrival.
  struct Bag {
    Entries things;
    std::vector<std::string> order;
    friend bool operator==(const Bag&, const Bag&) = default;
  };

  std::map<std::string, std::string> blobs;
  std::map<std::string, Entries> hashes;
  std::map<std::string, std::vector<std::string>> lists;
  std::map<std::string, Bag> bags;
  friend bool operator==(const Model&, const Model&) = default;
};

/// Everything that the newest commit holds, or a snapshot.
Model read_all(const Database& database);
Model read_all(const Snapshot& snapshot);

/// Changes a transaction, or a model in the same way.
class ModelledTransaction {
 public:
  using Change = std::function<void(ModelledTransaction&)>;
  enum class Fate { released, rolled_back };

  explicit ModelledTransaction(Transaction& transaction) : transaction_(&transaction) {}
  explicit ModelledTransaction(Model& model) : model_(&model) {}

  void write(const std::string& blob, std::uint64_t offset, const std::string& bytes);
  void resize(const std::string& blob, std::uint64_t size);

  void put(const std::string& hash, const std::string& key, const std::string& value);
  void erase(const std::string& hash, const std::string& key);

  void push_back(const std::string& list, const std::string& item);
  void insert(const std::string& list, std::size_t index, const std::string& item);
  void set(const std::string& list, std::size_t index, const std::string& item);
  void erase(const std::string& list, std::size_t index, std::size_t count);

  /// A composite with two children, made on first use.
  void put_in_bag(const std::string& bag, const std::string& name, const std::string& thing);

  void drop(const std::string& name);
  void rename(const std::string& from, const std::string& to);

  /// Makes the change under a savepoint that ends like this.
  void under_savepoint(const Change& change, Fate fate);

 private:
  Transaction* transaction_ = nullptr;
  Model* model_ = nullptr;
};

}  // namespace quire
