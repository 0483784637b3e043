#pragma once

#include "tests/pager/version_model.h"

namespace quire::pager::model {

/// What PagePool does to read a page: look, read the base, install or compare, or begin anew.
class Read {
 public:
  enum class Way { cached, direct };

  Read(Pid page, Seq seq, Way way) : page_(page), seq_(seq), way_(way) {}

  Pid page() const { return page_; }
  /// The frame that was found or installed; none of a direct read, or of an old page that the
  /// checkpoint could not read.
  const FramePtr& frame() const { return frame_; }

  /// One step; true if it was the last. Throws Violation if the reader would be told something
  /// wrong.
  bool step(World& world);
  void add_to(StateKey& key, World& world) const;

 private:
  enum class Stage { look, pread, install };

  bool look(World& world);
  bool install(World& world);
  bool is_current(World& world);
  bool begin_anew();
  bool see(World& world, Content content) const;

  Pid page_;
  Seq seq_;
  Way way_;
  Stage stage_ = Stage::look;
  LoadNote note_;
  Content data_ = 0;
  FramePtr frame_;
};

}  // namespace quire::pager::model
