#include "tools/kind_content.h"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace quire::tools {

namespace {

constexpr std::array kKinds{&kBlobContent, &kListContent,     &kHashContent,
                            &kPipeContent, &kRecordsContent,  &kRecordArrayContent,
                            &kRingContent, &kFlatFileContent, &kPartdContent};

}  // namespace

Json content_json(const ContentArguments& arguments) {
  Json document = json_document(arguments.file);
  set_bytes(document, "collection", arguments.collection);
  if (arguments.key) set_bytes(document, "key", *arguments.key);
  return document;
}

void throw_no_key(const ContentArguments& arguments) {
  throw_of<NotFound>(arguments,
                     "no key '" + *arguments.key + "'; `quire ls FILE NAME` lists those there are");
}

void throw_has_no_keys(const ContentArguments& arguments, std::string_view kind) {
  throw_of<InvalidArgument>(
      arguments, "a " + std::string(kind) + " has no keys; `quire cat FILE NAME` shows all of it");
}

void print_value(const ContentArguments& arguments, ByteView value) {
  if (!arguments.json) {
    write_data(value);
    // A prompt should not follow it on the same line; in a pipe the value is all there is.
    if (isatty(STDOUT_FILENO) != 0 && !value.text().ends_with('\n')) write_data("\n");
    return;
  }
  Json document = content_json(arguments);
  document["bytes"] = value.size();
  set_bytes(document, "value", value);
  print_json(document);
}

Json entry_json(ByteView key, ByteView value) {
  Json entry;
  set_bytes(entry, "key", key);
  set_bytes(entry, "value", value);
  return entry;
}

std::string entry_line(ByteView key, ByteView value) {
  return for_standard_output(key.text()) + "\t" + for_standard_output(value.text()) + "\n";
}

const KindContent* find_kind_content(std::string_view kind) {
  const auto found = std::ranges::find(kKinds, kind, &KindContent::kind);
  return found == kKinds.end() ? nullptr : *found;
}

const KindContent& kind_content(const ContentArguments& arguments, const Snapshot& snapshot) {
  const std::optional<std::string> kind = snapshot.kind_of(arguments.collection);
  if (!kind) throw_of<NotFound>(arguments, "no such collection");
  if (const KindContent* known = find_kind_content(*kind)) return *known;
  throw_of<TypeMismatch>(arguments, "this command cannot look into a collection of kind '" + *kind +
                                        "'; the program that made it can");
}

}  // namespace quire::tools
