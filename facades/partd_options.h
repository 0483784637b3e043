#pragma once

#include <string>

#include <quire/bytes.h>
#include <quire/partd.h>

namespace quire::facades {

/// The options as they are stored; buffer_size is not. InvalidArgument, naming the option, if they
/// are not possible.
std::string encode_partd_options(const PartdOptions& options);
/// CorruptionError, with no collection yet, if `stored` is not what encode has made.
PartdOptions decode_partd_options(ByteView stored);
/// InvalidArgument, naming the option and both values, unless `given` is what was stored.
void require_same_options(const PartdOptions& stored, const PartdOptions& given);
/// An element as errors name it.
std::string text_of(const PartdElement& element);

}  // namespace quire::facades
