#include "fuzz/target.h"

#include <optional>

#include <quire/error.h>

#include "base/checksum.h"
#include "fuzz/change_everything.h"
#include "fuzz/finding.h"
#include "fuzz/image_database.h"

namespace quire::fuzz {
namespace {

Reached reached(bool is_sound) { return is_sound ? Reached::sound : Reached::opened; }

}  // namespace

Reached scan(const Image& image) {
  ImageFiles files(image);
  const auto names = files.names();
  bool is_sound = false;
  bool is_open = false;
  if (auto database = open_image(files, true)) {
    is_open = true;
    is_sound = read_everything(*database).errors == 0;
  }
  require(files.names() == names, "a reader has made, renamed or removed a file");
  require(files.image() == image, "a reader has changed a file");
  return is_open ? reached(is_sound) : Reached::refused;
}

Reached check(const Image& image) {
  ImageFiles files(image);
  const auto database = open_image(files, true);
  if (!database) return Reached::refused;
  const bool is_sound = check_all(*database, true).ok();
  if (is_sound) {
    require_readable(*database);
    require(check_all(*database, false).ok(), "a shallow check finds what a deep one does not");
  }
  return reached(is_sound);
}

Reached change(const Image& image) {
  ImageFiles files(image);
  auto database = open_image(files, false);
  if (!database) return Reached::refused;
  const bool was_sound = check_all(*database, true).ok();
  const Changes changes = change_everything(*database, checksum64(ByteView(image.database), 0));
  if (was_sound) {
    require(changes.refused == 0,
            "check() found nothing, and a change did: " + changes.first_error);
  }
  try {
    database->close();
  } catch (const Error& error) {
    if (was_sound || !is_damage(error)) throw;
    return Reached::opened;
  }
  if (!was_sound) return Reached::opened;
  database = open_image(files, false);
  require(database.has_value(), "a file that was sound, changed and closed does not open");
  const CheckReport report = check_all(*database, true);
  require(report.ok(), "what was sound was changed, and is not: " + first_problem(report));
  require_readable(*database);
  return Reached::sound;
}

Reached replay(const Image& image) {
  ImageFiles files(image);
  std::optional<Content> seen;
  if (const auto reader = open_image(files, true)) seen = read_everything(*reader);
  auto writer = open_image(files, false);
  if (!writer) {
    require(!open_image(files, false), "a log that was refused is taken the second time");
    return Reached::refused;
  }
  const Content recovered = read_everything(*writer);
  // A damaged file may be better afterwards: a page that was cut short ends with zeros then.
  require(!seen || seen->errors > 0 || *seen == recovered,
          "a reader of the log has seen another content");
  try {
    writer->close();
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    return Reached::opened;
  }
  const Image closed = files.image();
  writer = open_image(files, false);
  require(writer.has_value(), "a file that was recovered and closed does not open");
  require(read_everything(*writer) == recovered, "the content has changed since the recovery");
  writer->close();
  require(files.image() == closed, "opening and closing a clean file has changed it");
  return reached(recovered.errors == 0);
}

}  // namespace quire::fuzz
