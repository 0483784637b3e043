#pragma once

/// The collection types that come with Quire beside Blob, List and Hash.

#include <quire/check_report.h>
#include <quire/flat_file.h>
#include <quire/partd.h>
#include <quire/pipe.h>
#include <quire/records.h>
#include <quire/typed_partd.h>

namespace quire {

/// Options with which Database::check() holds all of them to their laws too, whatever their types of
/// records and elements.
inline CheckOptions facade_check_options() {
  CheckOptions options;
  options.with<FlatFile>()
      .with<Partd>()
      .with<Pipe>()
      .with<RecordArrayStore>()
      .with<RecordStore>()
      .with<RingStore>();
  return options;
}

}  // namespace quire
