#include "tests/pager/version_model_read.h"

#include <utility>

namespace quire::pager::model {

using Where = VersionMap::Found::Where;

bool Read::step(World& world) {
  switch (stage_) {
    case Stage::look:
      return look(world);
    case Stage::pread:
      data_ = world.base[page_].content;
      stage_ = Stage::install;
      return false;
    case Stage::install:
      return install(world);
  }
  return false;
}

void Read::add_to(StateKey& key, World& world) const {
  key << page_ << static_cast<unsigned>(stage_);
  if (stage_ == Stage::look) return;
  const LoadNote now = world.map.find(page_, seq_).note;
  key << note_.empty_chain << (note_.changes == now.changes);
  if (stage_ == Stage::install) key << data_;
}

bool Read::look(World& world) {
  VersionMap::Found found = world.map.find(page_, seq_);
  switch (found.where) {
    case Where::memory:
      frame_ = std::move(found.frame);
      return see(world, World::content_of(frame_));
    case Where::base:
      note_ = found.note;
      stage_ = Stage::pread;
      return false;
    case Where::damaged:
      if (world.scenario.old_base_may_fail) return true;
      throw Violation("a reader meets a damaged version");
    case Where::nowhere:
      throw Violation("a reader finds its version nowhere");
  }
  return false;
}

bool Read::install(World& world) {
  if (!is_intact(data_)) {
    if (world.breaks(Mutant::torn_read_reported_unchecked) || world.map.holds(page_, note_)) {
      throw Violation("a reader reports damage to a page that is being changed");
    }
    return begin_anew();
  }
  if (!is_current(world)) return begin_anew();
  return see(world, data_);
}

bool Read::is_current(World& world) {
  if (way_ == Way::direct) {
    return world.breaks(Mutant::direct_read_not_compared) || world.map.holds(page_, note_);
  }
  const bool is_late = world.breaks(Mutant::load_installed_under_new_note);
  const LoadNote note = is_late ? world.map.find(page_, seq_).note : note_;
  frame_ = world.new_frame(data_);
  return world.map.install(page_, note, frame_) || world.breaks(Mutant::refused_load_used);
}

bool Read::begin_anew() {
  stage_ = Stage::look;
  frame_.reset();
  return false;
}

bool Read::see(World& world, Content content) const {
  const std::optional<Content> wanted = world.scenario.truth(seq_, page_);
  if (content == wanted) return true;
  throw Violation("snapshot " + std::to_string(seq_) + " reads " + text_of(content) +
                  " from page " + std::to_string(page_) + ", not " +
                  (wanted ? text_of(*wanted) : "nothing"));
}

}  // namespace quire::pager::model
