// What is read from a module's file.

#include "probes/kernel/module_file.h"

#include <gtest/gtest.h>

#include "probes/base/text.h"
#include "tests/support/module_elf.h"

namespace efa {
namespace {

const std::vector<std::string> kEntries = {"version=3.1.0g", "license=Dual BSD/GPL",
                                           "srcversion=8B4C3FB9BF4E5A5A7B0FA1E"};

TEST(ModuleFile, TellsItsVersionsAndItsSignature) {
  const std::string lines = lines_of_module(module_elf(kEntries, true));
  EXPECT_EQ(lines, "version=3.1.0g\nsrcversion=8B4C3FB9BF4E5A5A7B0FA1E\nsignature=yes\n");
  const auto file = parse_module_lines(lines);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->version, "3.1.0g");
  EXPECT_EQ(file->srcversion, "8B4C3FB9BF4E5A5A7B0FA1E");
  EXPECT_TRUE(file->has_signature);
  EXPECT_FALSE(file->is_supported);
}

TEST(ModuleFile, OneWithoutVersionOrSignatureIsStillAModule) {
  const auto file = parse_module_lines(lines_of_module(module_elf({"supported=external"}, false)));
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->version);
  EXPECT_FALSE(file->srcversion);
  EXPECT_FALSE(file->has_signature);
  EXPECT_TRUE(file->is_supported);
}

TEST(ModuleFile, TellsWhichKernelItWasBuiltFor) {
  const std::string vermagic = "6.12.53 SMP preempt mod_unload modversions";
  const std::string lines = lines_of_module(module_elf({"vermagic=" + vermagic}, false));
  EXPECT_EQ(parse_module_lines(lines)->vermagic, vermagic);
  EXPECT_FALSE(parse_module_lines(lines_of_module(module_elf(kEntries, false)))->vermagic);
}

TEST(ModuleFile, WhatIsCutOffOrNoModuleTellsNothing) {
  const std::string whole = module_elf(kEntries, false);
  const auto entries_end = static_cast<size_t>(64 + 80);
  for (size_t length = 0; length < whole.size(); length += 7) {
    const std::string lines = lines_of_module(whole.substr(0, length));
    EXPECT_TRUE(lines.empty() || length > entries_end) << length << lines;
  }
  for (const char* text : {"", "x",
                           "\x7f"
                           "ELF",
                           "version=3.1.0g"}) {
    EXPECT_EQ(lines_of_module(text), "") << text;
    EXPECT_FALSE(parse_module_lines(text)) << text;
  }
}

TEST(ModuleFile, HostileOffsetsLeadNowhere) {
  const std::string whole = module_elf(kEntries, false);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string hostile = whole;
    hostile[at] = '\xff';
    const std::string lines = lines_of_module(hostile);
    EXPECT_LT(lines.size(), 1024U) << at;
  }
}

TEST(ModuleFile, KnowsWhatIsCompressed) {
  for (const char* packed : {kModuleXz, kModuleGz, kModuleZst}) {
    EXPECT_TRUE(is_compressed(from_hex(packed))) << packed;
  }
  EXPECT_FALSE(is_compressed(module_elf(kEntries, true)));
  EXPECT_FALSE(is_compressed(""));
}

TEST(ModuleFile, WhatCannotBeDecompressedHereIsNotCalledDamaged) {
  const auto with = [](ErrorKind kind) { return lines_of_packed(Error{kind, "module", "why"}); };
  EXPECT_EQ(with(ErrorKind::kMalformed), kIsNone);
  EXPECT_EQ(with(ErrorKind::kNotFound), kIsPacked) << "a libarchive without zstd";
  EXPECT_EQ(with(ErrorKind::kTooLarge), "");
  EXPECT_EQ(lines_of_packed(std::string("no module")), kIsNone);
  EXPECT_EQ(lines_of_packed(module_elf(kEntries, true)),
            lines_of_module(module_elf(kEntries, true)));
  EXPECT_FALSE(parse_module_lines(kIsPacked));
}

}  // namespace
}  // namespace efa
