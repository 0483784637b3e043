#include "tools/open_database.h"

namespace quire::tools {

Database open_to_read(const std::string& path) {
  Options options;
  options.create = false;
  options.read_only = true;
  return Database::open(path, options);
}

Database open_to_change(const std::string& path) {
  Options options;
  options.create = false;
  return Database::open(path, options);
}

Database open_or_create(const std::string& path) { return Database::open(path); }

}  // namespace quire::tools
