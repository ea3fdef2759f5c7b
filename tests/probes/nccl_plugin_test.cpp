// Whether a process finds NCCL's plugin, by what it has mapped and where its loader looks.

#include "probes/jobs/nccl_plugin.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/said.h"

namespace efa {
namespace {

constexpr const char* kNccl =
    "7f1c8000-7f1d0000 r-xp 00002000 103:01 4711   /x/nvidia/nccl/lib/libnccl.so.2";

MappedNccl mapped(const std::string& more = "") {
  MappedNccl mapped;
  mapped.take(kNccl);
  mapped.take(kNccl);
  mapped.take("7f1c8000-7f1d0000 rw-p 00000000 00:00 0    [heap]");
  mapped.take(more);
  mapped.whole = true;
  return mapped;
}

std::string there(const std::string& path) {
  return seen("status", path, Object{});
}

// The plugin lies at none of the other places.
std::optional<bool> finds(const std::string& looks, const std::string& library_path,
                          const MappedNccl& nccl = mapped()) {
  const Result<Sysroot> root =
      Sysroot::replay(looks + seen("link", "/proc/7/exe", "/opt/conda/bin/python3") +
                      seen("link", "/proc/7/cwd", "/home/me"));
  return root ? finds_nccl_plugin(*root, 7, nccl, library_path) : std::nullopt;
}

TEST(NcclPlugin, IsFoundWhereTheLoaderLooks) {
  struct Row {
    const char* at;
    const char* library_path;
    std::optional<bool> wanted;
  };
  const Row rows[] = {
      {"/p/libnccl-net.so", "/a:/p", true},
      {"/p/libnccl-net-ofi.so", "/p;/a", true},
      {"/p/libnccl-net.so", "/a", false},
      {"/p/libnccl-net.so", "", false},
      {"/x/nvidia/nccl/lib/libnccl-net.so", "", true},
      {"/opt/conda/lib/libnccl-net.so", "/a", true},
      {"/home/me/libnccl-net.so", "/a:", true},
      {"/home/me/p/libnccl-net.so", "p", true},
      {"/p/libnccl-net.so", "$ORIGIN/p:/a", std::nullopt},
  };
  for (const Row& row : rows) {
    const std::string library_path = row.library_path;
    EXPECT_EQ(finds(there(row.at), library_path), row.wanted) << row.at << " " << library_path;
  }
}

TEST(NcclPlugin, ThatIsMappedIsFound) {
  const std::string line = "7f1c8000-7f1d0000 r-xp 00002000 103:01 4711   /x/libnccl-net";
  EXPECT_EQ(finds("", "", mapped(line + ".so")), true);
  EXPECT_EQ(finds("", "", mapped(line + "-aws-ofi.so.0")), true);
  MappedNccl cut = mapped();
  cut.whole = false;
  EXPECT_EQ(finds("", "", cut), std::nullopt);
}

TEST(NcclPlugin, BehindAClosedDoorIsNotKnown) {
  EXPECT_EQ(finds(unseen("status", "/a/libnccl-net.so", EACCES), "/a"), std::nullopt);
  std::string many;
  for (int i = 0; i < 65; ++i) many += "/a:";
  EXPECT_EQ(finds("", many), std::nullopt);
  const Result<Sysroot> nowhere = Sysroot::replay(unseen("link", "/proc/7/cwd", EACCES));
  ASSERT_TRUE(nowhere.ok());
  EXPECT_EQ(finds_nccl_plugin(*nowhere, 7, mapped(), "lib"), std::nullopt);
  EXPECT_EQ(finds_nccl_plugin(*nowhere, 7, mapped(), "/a"), false);
}

TEST(NcclPlugin, NcclIsKnownByItsFileOrItsSettings) {
  EXPECT_TRUE(mapped().nccl);
  EXPECT_FALSE(mapped().plugin);
  EXPECT_EQ(mapped().directories, std::vector<std::string>{"/x/nvidia/nccl/lib"});
  EXPECT_FALSE(MappedNccl{}.nccl);
  EXPECT_TRUE(any_is_of_nccl({"FI_PROVIDER=efa", "NCCL_DEBUG=INFO"}));
  EXPECT_TRUE(any_is_of_nccl({"OFI_NCCL_PROTOCOL=RDMA"}));
  EXPECT_FALSE(any_is_of_nccl({"FI_PROVIDER=efa", "LD_LIBRARY_PATH=/opt/nccl/build/lib"}));
}

}  // namespace
}  // namespace efa
