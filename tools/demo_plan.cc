#include "tools/demo_plan.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <quire/error.h>

#include "tools/file_tree.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

constexpr std::array kUsualDirectories{"/usr/include", "/usr/share/doc"};
constexpr std::array kFurtherDirectories{"/usr/share", "/usr/lib", "/usr"};
constexpr std::size_t kEnoughFiles = 3'000;
constexpr std::size_t kMostFiles = 20'000;
constexpr std::uint64_t kMostBytes = std::uint64_t{400} << 20;
constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;

class Planner {
 public:
  void add(const std::string& directory) {
    const std::string root = std::filesystem::absolute(directory).lexically_normal().string();
    const FileTree tree = walk_files(root);
    plan_.directories.push_back(root);
    plan_.unreadable += tree.unreadable.size();
    for (const FileTree::File& file : tree.files) {
      std::string path = (std::filesystem::path(root) / file.path).string();
      if (seen_.insert(path).second) consider(std::move(path), file.size);
    }
  }

  // A directory that this machine may not have.
  void add_if_there(const std::string& directory) {
    try {
      add(directory);
    } catch (const Error&) {
    }
  }

  bool has_enough() const { return plan_.paths.size() >= kEnoughFiles; }
  DemoPlan take() { return std::move(plan_); }

 private:
  void consider(std::string path, std::uint64_t size) {
    if (size > kLargestFile) {
      ++plan_.too_large;
    } else if (plan_.paths.size() >= kMostFiles || plan_.bytes + size > kMostBytes) {
      ++plan_.over_limit;
    } else if (access(path.c_str(), R_OK) != 0) {
      ++plan_.unreadable;
    } else {
      plan_.paths.push_back(std::move(path));
      plan_.bytes += size;
    }
  }

  DemoPlan plan_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

DemoPlan make_demo_plan(const std::vector<std::string>& directories) {
  Planner planner;
  for (const std::string& directory : directories) planner.add(directory);
  if (directories.empty()) {
    for (const char* directory : kUsualDirectories) planner.add_if_there(directory);
    for (const char* directory : kFurtherDirectories) {
      if (!planner.has_enough()) planner.add_if_there(directory);
    }
  }
  return planner.take();
}

void save_paths(const DemoPlan& plan, const std::string& file) {
  std::ofstream stream(file, std::ios::binary);
  for (const std::string& path : plan.paths) stream << path << '\0';
  stream.close();
  if (!stream) throw IoError("write", file, errno);
}

std::vector<std::string> load_paths(const std::string& file) {
  const std::string content = read_source_file(file, UINT64_MAX).content;
  std::vector<std::string> paths;
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) throw IoError("read", file, 0, "the last path is cut off");
    paths.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return paths;
}

}  // namespace quire::tools
