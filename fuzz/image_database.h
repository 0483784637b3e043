#pragma once

#include <optional>
#include <string>

#include <quire/database.h>

#include "fuzz/image_files.h"
#include "fuzz/read_everything.h"

namespace quire::fuzz {

/// Opens the database of an image. Nothing if it is refused: as damaged, as no database, or because
/// its log wants more memory than there is for a reader. Anything else comes out.
std::optional<Database> open_image(ImageFiles& files, bool read_only);

/// The checks of all ready-made types.
CheckOptions every_check();
/// A check with all of them.
CheckReport check_all(const Database& database, bool deep);
/// The first problem, for a Finding; empty if there is none.
std::string first_problem(const CheckReport& report);

/// check() has found nothing, so neither does anybody who reads. Returns what is read.
Content require_readable(const Database& database);

}  // namespace quire::fuzz
