#include "tools/progress_bar.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "tools/descriptor.h"

namespace quire::tools {

namespace {

TEST(ProgressLineTest, ShowsShareBarAndTimeLeft) {
  EXPECT_EQ(progress_line("import", 25, 100, Seconds(10), 200),
            "import [##########------------------------------]  25 %  30.0 s left");
  EXPECT_EQ(progress_line("import", 0, 100, Seconds(1), 200),
            "import [----------------------------------------]   0 %");
  EXPECT_EQ(progress_line("import", 7, 0, Seconds(1), 200),
            "import [########################################] 100 %");
}

TEST(ProgressLineTest, FitsIntoEveryWidth) {
  for (std::size_t width = 0; width < 100; ++width) {
    EXPECT_LE(progress_line("import", 50, 100, Seconds(1), width).size(), width);
  }
  EXPECT_EQ(progress_line("import", 50, 100, Seconds(1), 33), "import [###---]  50 %  1.0 s left");
  EXPECT_EQ(progress_line("import", 50, 100, Seconds(1), 26), "import  50 %  1.0 s left");
}

// Sends standard error somewhere else for as long as it lives.
class StandardErrorTo {
 public:
  explicit StandardErrorTo(int target) : saved_(dup(STDERR_FILENO)) { dup2(target, STDERR_FILENO); }
  ~StandardErrorTo() { dup2(saved_.get(), STDERR_FILENO); }

 private:
  Descriptor saved_;
};

// What a bar writes that is updated after the time for which it waits.
std::string written_to(int target, int read_end) {
  {
    const StandardErrorTo redirected(target);
    ProgressBar bar("import");
    std::this_thread::sleep_for(std::chrono::milliseconds(520));
    bar.update(1, 2);
  }
  std::array<char, 1000> buffer;
  const ssize_t count = read(read_end, buffer.data(), buffer.size());
  return std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
}

TEST(ProgressBarTest, DrawsOnATerminalAndWipesItsLine) {
  int master = -1;
  int terminal = -1;
  ASSERT_EQ(openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
  const Descriptor master_owner(master);
  const Descriptor terminal_owner(terminal);
  const std::string text = written_to(terminal, master);
  EXPECT_NE(text.find("import ["), std::string::npos) << text;
  EXPECT_NE(text.find(" 50 %"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

TEST(ProgressBarTest, WritesNothingInAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  ASSERT_EQ(write(writing.get(), "!", 1), 1);  // so that there is something to read
  EXPECT_EQ(written_to(writing.get(), reading.get()), "!");
}

}  // namespace

}  // namespace quire::tools
