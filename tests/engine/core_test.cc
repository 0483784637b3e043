#include "engine/core.h"

#include "engine/recovery.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using CoreTest = DatabaseTest;

TEST_F(CoreTest, ReclaimsMarkersThatHoldNoFrame) {
  const auto core = engine::Core::start(engine::open_file(kPath, options), options);
  Database(core).transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  pager::VersionMap& versions = core->pool().versions();
  ASSERT_EQ(versions.long_chains(), 0u);
  const Pid unused = core->queue().visible().page_count;
  versions.publish_free(unused, core->queue().visible().seq);
  ASSERT_EQ(versions.superseded(), 0u);
  ASSERT_EQ(versions.long_chains(), 1u);
  core->reclaim();
  EXPECT_EQ(versions.long_chains(), 0u);
}

}  // namespace
}  // namespace quire::testing
