// What is seen around a process: of a recording, and of this test's own process.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "probes/jobs/surroundings.h"
#include "tests/support/said.h"

namespace efa {
namespace {

Value root_directory(int64_t inode, int64_t file_system) {
  Value value;
  value.set("inode", inode);
  value.set("file_system", file_system);
  return value;
}

Surroundings seen_of(const std::string& looks) {
  const Result<Sysroot> root = Sysroot::replay(looks);
  return root ? read_surroundings(*root, 7) : Surroundings{};
}

TEST(JobSurroundings, ARootDirectoryIsItsFileSystemAndItsInode) {
  const std::string ours = seen("status", "/", root_directory(2, 259));
  const auto own_root = [&](int64_t inode, int64_t file_system) {
    return seen_of(ours + seen("status", "/proc/7/root", root_directory(inode, file_system)))
        .own_root;
  };
  EXPECT_EQ(own_root(2, 259), false);
  EXPECT_EQ(own_root(2, 55), true);  // each ext4 has 2 for its root
  EXPECT_EQ(own_root(99, 259), true);
  EXPECT_EQ(seen_of(ours + unseen("status", "/proc/7/root", EACCES)).own_root, std::nullopt);
  EXPECT_EQ(seen_of("").own_root, std::nullopt);
}

TEST(JobSurroundings, LibrariesThatAreHiddenAreNotAbsent) {
  const Surroundings hidden = seen_of(unseen("lines", "/proc/7/maps", EACCES));
  ASSERT_NE(hidden.libraries.unreadable(), nullptr);
  EXPECT_EQ(hidden.libraries.unreadable()->os_error, EACCES);
  const Surroundings gone = seen_of(unseen("lines", "/proc/7/maps", ENOENT));
  EXPECT_FALSE(gone.libraries.has_value());
  EXPECT_EQ(gone.libraries.unreadable(), nullptr);
}

TEST(JobSurroundings, OfThisProcessAreThoseOfThisNode) {
  const Result<Sysroot> root = Sysroot::open("/");
  ASSERT_TRUE(root.ok());
  const Surroundings own = read_surroundings(*root, getpid());
  EXPECT_EQ(own.own_root, false);
  ASSERT_TRUE(own.libraries.has_value());
  const auto space = root->space("/dev/shm");
  ASSERT_EQ(own.shared_memory.has_value(), space.ok());
  if (!space) return;
  EXPECT_EQ(own.shared_memory->total_kib, space->total_kib);
}

TEST(JobSurroundings, OfASysrootTheSharedMemoryIsNotThisMachines) {
  const Result<Sysroot> root = Sysroot::open("/usr");
  ASSERT_TRUE(root.ok());
  EXPECT_FALSE(read_surroundings(*root, getpid()).shared_memory.has_value());
}

}  // namespace
}  // namespace efa
