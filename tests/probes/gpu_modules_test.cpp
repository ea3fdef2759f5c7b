// What is said of modules that must have been built for the NVIDIA driver that is loaded.

#include <gtest/gtest.h>

#include "tests/support/check_case.h"
#include "tests/support/gpu_node.h"

namespace efa {
namespace {

constexpr const char* kStale = "gpu.peermem-stale";

Change with_message(const char* text) {
  return with_gpus([text](Scene& s) {
    load_stale_peermem(s);
    s.node.log.facts.messages.back().text = text;
  });
}

TEST(GpuModules, TheKernelSaysThatPeermemIsStale) {
  const std::pair<const char*, FindingResult> rows[] = {
      {"efa_nv_peermem: disagrees about version of symbol nvidia_p2p_get_pages", kFail},
      {"efa_nv_peermem: no symbol version for module_layout", kPass},
      {"efa_nv_peermem: Nvidia P2P symbols are unavailable", kPass},
      {"efa: no symbol version for nvidia_p2p_get_pages", kPass},
      {"x efa_nv_peermem: no symbol version for nvidia_p2p_get_pages", kPass},
  };
  for (const auto& [text, wanted] : rows) EXPECT_EQ(said(with_message(text), kStale), wanted);
}

TEST(GpuModules, OneThatWasRefusedIsStaleThoughNotLoaded) {
  EXPECT_EQ(said(with_gpus([](Scene& s) {
                   load_stale_peermem(s);
                   gpu(s).modules.efa_nv_peermem.reset();
                 }),
                 kStale),
            kFail);
  EXPECT_EQ(said(with_gpus(unchanged), kStale), kNotApplicable);
}

TEST(GpuModules, WhatTheLogHasLostIsNotKnown) {
  const auto loaded = [](const Change& change) {
    return said(with_gpus([change](Scene& s) {
                  gpu(s).modules.efa_nv_peermem = "1.2.3";
                  change(s);
                }),
                kStale);
  };
  EXPECT_EQ(loaded(unchanged), kPass);
  EXPECT_EQ(loaded([](Scene& s) { s.node.log.facts.total = 201; }), kUnknown);
  EXPECT_EQ(loaded([](Scene& s) { silence(s.node.log, ProbeStatus::kTimedOut); }), kUnknown);
}

TEST(GpuModules, GdrdrvIsOfOneFlavour) {
  const auto built = [](std::optional<bool> gdrdrv, bool nvidia) {
    return said(with_gpus([=](Scene& s) {
                  gpu(s).gdrdrv_open = gdrdrv;
                  gpu(s).nvidia_open = nvidia;
                }),
                "gpu.gdrcopy-flavour");
  };
  EXPECT_EQ(built(true, true), kPass);
  EXPECT_EQ(built(false, false), kPass);
  EXPECT_EQ(built(true, false), kFail);
  EXPECT_EQ(built(false, true), kFail);
  EXPECT_EQ(built(std::nullopt, true), kNotApplicable) << "gdrcopy before 2.5 does not say";
}

}  // namespace
}  // namespace efa
