#include "tools/staging.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include <quire/error.h>

#include "tools/unfinished.h"

namespace quire::tools {

namespace {

// Of what `name` is replaced by; it lies beside that until all is removed.
std::string replaced(const std::string& name) { return ".replaced." + name; }

// Never onto something that is there; false, with errno, if it cannot be. File systems that cannot
// promise that, NFS for one, move it anyway: nothing was there a moment ago.
bool rename_to_free(int from, int to, const std::string& name) {
  const char* path = name.c_str();
  if (renameat2(from, path, to, path, RENAME_NOREPLACE) == 0) return true;
  return errno == EINVAL && renameat(from, path, to, path) == 0;
}

bool is_directory(int parent, const std::string& name) {
  struct stat status {};
  return fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

}  // namespace

Staging::Staging(TargetDirectory& target)
    : target_(target), files_([&] {
        Unfinished made = make_unfinished_directory(target.root_.get(), target.root_path_);
        name_ = std::move(made.name);
        return TargetDirectory(std::move(made.descriptor), target.full_path(name_));
      }()) {
  target.clear_once({}, target.root_);
}

Staging::~Staging() { remove_unfinished(target_.root_.get(), name_); }

void Staging::publish(const std::vector<std::string>& names, bool overwrite) {
  const int from = files_.root_.get();
  const int to = target_.root_.get();
  for (const std::string& name : names) {
    if (!target_.exists(name)) continue;
    if (!overwrite) target_.throw_exists(name);
    require_replaceable(name);
  }
  files_.sync();  // what has a name is whole
  for (const std::string& name : names) {
    if (!overwrite) break;
    if (renameat(to, name.c_str(), from, replaced(name).c_str()) != 0 && errno != ENOENT) {
      throw IoError("rename", target_.full_path(name), errno);
    }
  }
  for (const std::string& name : names) {
    if (rename_to_free(from, to, name)) continue;
    if (errno == EEXIST) target_.throw_exists(name);
    throw IoError("rename", target_.full_path(name), errno);
  }
  target_.sync();
}

void Staging::require_replaceable(const std::string& name) const {
  const bool is_now = is_directory(target_.root_.get(), name);
  if (is_now == is_directory(files_.root_.get(), name)) return;
  throw KeyExists("'" + target_.full_path(name) + "' is " + (is_now ? "a" : "no") +
                  " directory; move it away");
}

}  // namespace quire::tools
