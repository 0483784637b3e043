#include "fuzz/image_database.h"

#include <quire/quire.h>

#include "fuzz/finding.h"

namespace quire::fuzz {

std::optional<Database> open_image(ImageFiles& files, bool read_only) {
  try {
    return Database::open(ImageFiles::kPath, files.options(read_only));
  } catch (const InvalidArgument&) {
    if (!read_only) throw;
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
  }
  return std::nullopt;
}

CheckOptions every_check() {
  CheckOptions options;
  options.with<Pipe>().with<FlatFile>().with<Partd>();
  options.with<RecordStore>().with<RecordArrayStore>().with<RingStore>();
  return options;
}

CheckReport check_all(const Database& database, bool deep) {
  CheckOptions options = every_check();
  options.deep = deep;
  return database.check(options);
}

std::string first_problem(const CheckReport& report) {
  if (report.problems.empty()) return "";
  const CheckProblem& problem = report.problems.front();
  return "page " + std::to_string(problem.page) + " of '" + problem.collection +
         "': " + problem.what;
}

Content require_readable(const Database& database) {
  Content content = read_everything(database);
  require(content.errors == 0, "check() found nothing, and a read did: " + content.first_error);
  return content;
}

}  // namespace quire::fuzz
