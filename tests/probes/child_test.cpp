// Descriptors and children end with their owners, and what is taken of a result is in it.

#include "probes/base/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>

namespace efa {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kLong{60};

int sleep_for_ever() {
  while (true) pause();
}

TEST(Result, TakingWhatItDoesNotHoldEndsTheProcess) {
  const Result<int> none = Error{ErrorKind::kNotFound, "/proc/x", "is gone"};
  EXPECT_DEATH((void)*none, "internal error: .*/proc/x: is gone");
  const Result<int> some = 7;
  EXPECT_DEATH((void)some.error(), "internal error");
}

TEST(Fd, ClosesWhatItOwnsOnce) {
  Result<Pipe> pipe = make_pipe();
  ASSERT_TRUE(pipe.ok());
  const int number = pipe->read_end.get();
  {
    const Fd owner = std::move(pipe->read_end);
    EXPECT_EQ(owner.get(), number);
    EXPECT_FALSE(pipe->read_end);
    EXPECT_GE(fcntl(number, F_GETFD), 0);
  }
  EXPECT_LT(fcntl(number, F_GETFD), 0);
}

TEST(WriteAll, WaitsForTheReaderOfAPipeThatDoesNotBlock) {
  Result<Pipe> pipe = make_pipe();
  ASSERT_TRUE(pipe.ok());
  fcntl(pipe->write_end.get(), F_SETFL, O_NONBLOCK);
  const std::string text(size_t{1} * 1024 * 1024, 'x');  // a pipe holds 64 KiB
  size_t seen = 0;
  std::thread reader([&] {
    char buffer[4096];
    for (std::string_view bytes = "-"; !bytes.empty() && seen < text.size();) {
      bytes = read_some(pipe->read_end, buffer);
      seen += bytes.size();
    }
  });
  const Result<Done> written = write_all(pipe->write_end.get(), text, "pipe");
  pipe->write_end.reset();
  reader.join();
  EXPECT_TRUE(written.ok());
  EXPECT_EQ(seen, text.size());
}

TEST(WriteAll, SaysWhyNotAllWasWritten) {
  const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Result<Done> written = write_all(full.get(), "x", "/dev/full");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().os_error, ENOSPC);
  EXPECT_EQ(written.error().where, "/dev/full");
}

TEST(Child, DiesWithItsOwner) {
  pid_t pid = -1;
  {
    const Result<Child> child = start_child(sleep_for_ever);
    ASSERT_TRUE(child.ok());
    pid = child->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1) << "it was neither killed nor reaped";
  EXPECT_EQ(errno, ESRCH);
}

TEST(Child, IsReapedOnceAndSignalledNoMore) {
  Result<Child> child = start_child([] { return 7; });
  ASSERT_TRUE(child.ok());
  const std::optional<int> status = child->wait(kLong);
  ASSERT_TRUE(status);
  EXPECT_EQ(words_of_exit(*status), "exit code 7");
  EXPECT_FALSE(child->wait(milliseconds(0)));
  child->kill(SIGKILL);  // its pid may be another's
}

TEST(RunningCommand, GivesWhatItPrints) {
  Result<RunningCommand> echo = RunningCommand::start({"/bin/echo", "a b"}, {});
  ASSERT_TRUE(echo.ok());
  const RunningCommand::Printed printed = echo->output(steady_clock::now() + kLong, 100);
  EXPECT_EQ(printed.text, "a b\n");
  EXPECT_TRUE(printed.whole);
  EXPECT_FALSE(RunningCommand::start({"/no/such/file"}, {}).ok());
}

TEST(RunningCommand, IsCutOffWhenItIsLateOrPrintsTooMuch) {
  Result<RunningCommand> endless = RunningCommand::start({"/usr/bin/yes"}, {});
  ASSERT_TRUE(endless.ok());
  EXPECT_FALSE(endless->output(steady_clock::now() + kLong, 100).whole);
  Result<RunningCommand> late = RunningCommand::start({"/bin/sleep", "60"}, {});
  ASSERT_TRUE(late.ok());
  EXPECT_FALSE(late->output(steady_clock::now() + milliseconds(1), 100).whole);
}

TEST(RunningCommand, EndsWithWhoStartedIt) {
  Result<Pipe> held = make_pipe();
  ASSERT_TRUE(held.ok());
  Result<Pipe> started = make_pipe();
  ASSERT_TRUE(started.ok());
  Result<Child> starter = start_child([&] {
    fcntl(held->write_end.get(), F_SETFD, 0);  // it goes with the command
    const Result<RunningCommand> command = RunningCommand::start({"/bin/sleep", "60"}, {});
    (void)!write(started->write_end.get(), command.ok() ? "y" : "n", 1);
    pause();
    return 0;
  });
  ASSERT_TRUE(starter.ok());
  held->write_end.reset();
  char word = 0;
  ASSERT_EQ(read(started->read_end.get(), &word, 1), 1);
  ASSERT_EQ(word, 'y');
  EXPECT_FALSE(is_readable_within(held->read_end.get(), milliseconds(0)));
  starter->kill(SIGKILL);
  EXPECT_TRUE(is_readable_within(held->read_end.get(), kLong)) << "it still runs";
}

}  // namespace
}  // namespace efa
