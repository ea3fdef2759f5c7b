// Records of /dev/kmsg: which speak of EFA, and of what. The texts are those of the driver 3.1.0
// (efa_main.c, efa_com.c, efa_com_cmd.c); the prefixes those of dev_err and ibdev_err.

#include "probes/log/parse.h"

#include <gtest/gtest.h>

#include "probes/log/record.h"

namespace efa {
namespace {

std::optional<LogMessage> parse(const std::string& text) {
  return parse_kernel_message("3,812,39435060730,-;" + text);
}

TEST(Log, EveryMessageOfTheDriverHasItsKind) {
  struct Row {
    const char* text;
    const char* kind;
  };
  const Row rows[] = {
      {"IB device registered", "device-registered"},
      {"Unregister ib device", "device-unregistered"},
      {"Setup irq:53 name:efa-mgmnt@pci:0000:00:06.0", "irq-set-up"},
      {"pci_enable_device_mem() failed!", "enable-failed"},
      {"BARs unavailable. Requested 0x5, available 0x0", "bar-unavailable"},
      {"Doorbells BAR unavailable. Requested 0x4, available 0x0", "bar-unavailable"},
      {"pci_request_selected_regions failed -16", "region-busy"},
      {"pci_request_selected_regions for bar 2 failed -16", "region-busy"},
      {"Failed to remap register bar", "out-of-memory"},
      {"Failed to init readless MMIO", "out-of-memory"},
      {"Device alloc failed", "out-of-memory"},
      {"Failed to allocate QP table", "out-of-memory"},
      {"Device isn't ready, abort com init 0x0", "device-not-ready"},
      {"EFA version is lower than the minimal version the driver supports", "version-too-low"},
      {"EFA ctrl version is lower than the minimal ctrl version the driver supports",
       "version-too-low"},
      {"DMA width illegal value: 12", "dma-failed"},
      {"dma_set_mask_and_coherent failed -5", "dma-failed"},
      {"Failed to enable MSI-X. error -28", "msix-failed"},
      {"Failed to request irq efa-mgmnt@pci:0000:00:06.0 (-16)", "irq-failed"},
      {"EFA device init failed", "probe-ended"},
      {"probe with driver efa failed with error -19", "probe-ended"},
      {"Failed to allocate UAR, err -22", "probe-failed"},
      {"Failed to create eq[-12]", "probe-failed"},
      {"Reset indication didn't turn on", "reset-failed"},
      {"Reset indication didn't turn off", "reset-failed"},
      {"Device isn't ready, can't reset device", "reset-failed"},
      {"Invalid timeout value", "reset-failed"},
      {"Reading register timed out. expected: req id[1] offset[0x0] actual: req id[0] offset[0x0]",
       "register-timeout"},
      {"Reading register failed: wrong offset provided", "register-timeout"},
      {"Wait for completion (polling) timeout", "admin-timeout"},
      {"The device didn't send any completion for admin cmd GET_STATS(13) status 0 (id: 5)",
       "admin-timeout"},
      {"The device sent a completion but the driver didn't receive any MSI-X interrupt for admin "
       "cmd CREATE_CQ(9) status 0",
       "interrupt-lost"},
      {"Admin queue is closed", "admin-queue-closed"},
      {"Failed to submit command ALLOC_PD (opcode 14) err -19", "command-failed"},
      {"Failed to process command REG_MR (opcode 7) comp_status 1 err -12", "command-failed"},
      {"Failed to register mr [-12]", "command-failed"},
      {"Failed to allocate pd[-12]", "command-failed"},
      {"Failed to create qp [-12]", "command-failed"},
      {"Failed to create cq[-12]", "command-failed"},
      {"Failed to create ah for fe80::1 [-22]", "command-failed"},
      {"Failed to get stats type-0 scope-0.1 [-19]", "command-failed"},
      {"Completion event on non-existent CQ[7]", "out-of-step"},
      {"Unknown event was received or event with unimplemented handler", "out-of-step"},
      {"Completion context[3] is used[1]", "out-of-step"},
      {"Received completion with unexpected command id[5], status[0]", "out-of-step"},
      {"Failed to create P2P sysfs file", "other"},
  };
  for (const Row& row : rows) {
    for (const char* prefix : {"efa 0000:00:06.0: ", "infiniband efa_0: ", "infiniband rdmap0s6: ",
                               "efa 0000:00:06.0 rdmap0s6: "}) {
      const auto message = parse(prefix + std::string(row.text));
      ASSERT_TRUE(message) << prefix << row.text;
      EXPECT_STREQ(word_of(message->kind), row.kind) << prefix << row.text;
    }
  }
  EXPECT_EQ(parse("efa: Acquired peer memory using P2P")->kind, LogKind::kPeerMemory);
  EXPECT_EQ(parse("efa: Couldn't register efa driver")->kind, LogKind::kLoadFailed);
}

// kernel/module/main.c; most of them are of level 4.
TEST(Log, TellsWhyAModuleWasNotLoaded) {
  for (const char* text :
       {"efa: Unknown symbol ib_register_device (err -2)",
        "efa: disagrees about version of symbol ib_dealloc_device",
        "efa: no symbol version for module_layout",
        "efa: version magic '6.1.0-1 SMP mod_unload ' should be '6.1.0-2 SMP mod_unload '",
        "efa: exports duplicate symbol x (owned by y)", "Module efa is blacklisted",
        "ib_uverbs: Unknown symbol ib_x (err -2)", "ib_core: Unknown symbol x (err -22)",
        "Module ib_uverbs is blacklisted"}) {
    const auto message = parse_kernel_message("4,812,77,-;" + std::string(text));
    ASSERT_TRUE(message) << text;
    const bool fits = message->text.ends_with("blacklisted") || message->text.ends_with("by y)");
    EXPECT_EQ(message->kind, fits ? LogKind::kLoadFailed : LogKind::kModuleRefused) << text;
    EXPECT_EQ(message->priority, 4);
  }
  for (const char* text : {"mlx5_ib: Unknown symbol ib_x (err -2)", "Module nouveau is blacklisted",
                           "ib_uverbs: loaded", "efa[4711]: segfault: Unknown symbol x"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

// kernel/module/main.c and signing.c, kernel/bpf/btf.c, security/lockdown; also with the same words
// of a module that efa does not need.
TEST(Log, TellsThatTheKernelRefusedAModule) {
  struct Row {
    const char* text;
    std::optional<LogKind> kind;  // absent: it is not taken
  };
  const Row rows[] = {
      {"failed to validate module [efa] BTF: -22", LogKind::kModuleRefused},
      {"failed to validate module [ib_core] BTF: -22", LogKind::kModuleRefused},
      {"failed to validate module [nvidia] BTF: -22", {}},
      {"failed to validate module [efa_nv_peermem] BTF: -22", {}},
      {"failed to validate module", {}},
      {"failed to validate module []", {}},
      {"failed", {}},
      {"module efa: .gnu.linkonce.this_module section size must match the kernel's built struct "
       "module size at run time",
       LogKind::kModuleRefused},
      {"module efa: Exactly one .gnu.linkonce.this_module section must exist.",
       LogKind::kModuleRefused},
      {"module nvidia: .gnu.linkonce.this_module section size must match the kernel's built struct "
       "module size at run time",
       {}},
      {"module", {}},
      {"efa: module uses symbol (dma_buf_unpin) from namespace DMA_BUF, but does not import it.",
       LogKind::kModuleRefused},
      {"nvidia: module uses symbol (dma_buf_unpin) from namespace DMA_BUF, but does not import it.",
       {}},
      {"Loading of unsigned module is rejected", LogKind::kModuleUnsigned},
      {"Loading of module with unavailable key is rejected", LogKind::kKeyUnknown},
      {"Loading of module with unsupported crypto is rejected", LogKind::kKeyUnknown},
      {"efa: loading of unsigned module is rejected", LogKind::kModuleUnsigned},
      {"efa: Loading of module with unavailable key is rejected", LogKind::kKeyUnknown},
      {"nvidia: loading of unsigned module is rejected", {}},
      {"Loading of firmware is rejected", {}},
      {"Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7",
       LogKind::kKeyUnknown},
      {"Lockdown: Xorg: raw io port access is restricted; see man kernel_lockdown.7", {}},
  };
  for (const Row& row : rows) {
    const auto message = parse_kernel_message("5,812,77,-;" + std::string(row.text));
    EXPECT_EQ(message ? std::optional(message->kind) : std::nullopt, row.kind) << row.text;
  }
}

// The driver's own errors name a device.
TEST(Log, AnErrorOfTheModuleAloneIsOfItsLoad) {
  constexpr const char* kText = "efa: module using GPL-only symbols uses symbols x from y.";
  EXPECT_EQ(parse(kText)->kind, LogKind::kLoadFailed);
  EXPECT_EQ(parse_kernel_message("4,812,77,-;" + std::string(kText))->kind, LogKind::kOther);
  EXPECT_EQ(parse("efa 0000:00:06.0: text")->kind, LogKind::kOther);
  EXPECT_EQ(parse("efa_nv_peermem: text")->kind, LogKind::kOther);
  EXPECT_EQ(parse("efa: probe of 0000:00:06.0 failed with error -28")->kind, LogKind::kProbeEnded);
}

TEST(Log, KnowsWhichDeviceAMessageIsOf) {
  struct Row {
    const char* text;
    std::optional<PciAddress> address;
    std::optional<std::string> device;
  };
  const PciAddress six{0, 0, 6, 0};
  const Row rows[] = {
      {"efa 0000:00:06.0: EFA device init failed", six, std::nullopt},
      {"efa 0000:00:06.0 rdmap0s6: Admin queue is closed", six, "rdmap0s6"},
      {"infiniband efa_0: Admin queue is closed", std::nullopt, "efa_0"},
      {"infiniband rdmaP13p1s0: Admin queue is closed", std::nullopt, "rdmaP13p1s0"},
      {"pci 0000:00:06.0: Unable to change power state", six, std::nullopt},
      {"efa: probe of 0000:00:06.0 failed with error -28", six, std::nullopt},
      {"Elastic Fabric Adapter (EFA) v3.1.0g", std::nullopt, std::nullopt},
      {"efa: text of 0000:00:07.0", std::nullopt, std::nullopt},
      {"(null): The device didn't send any completion for admin cmd GET_FEATURE(11)", std::nullopt,
       std::nullopt},
  };
  for (const Row& row : rows) {
    const auto message = parse(row.text);
    ASSERT_TRUE(message) << row.text;
    EXPECT_EQ(message->address, row.address) << row.text;
    EXPECT_EQ(message->device, row.device) << row.text;
  }
}

// A process may call itself what it likes, and its file too.
TEST(Log, WordsOfUsersProcessesAreNotTheDrivers) {
  for (const char* text : {
           "efa[4711]: segfault at 0 ip 0 sp 0 error 4 in EFA device init failed[400000+1000]",
           "efa: [4711]: segfault at 0 ip 0 sp 0 error 4 in x[400000+1000]",
           "efa: x[4711]: segfault at 0 ip 0 sp 0 error 4",
           "efa 0000:00:06.[4711]: segfault at 0 ip 0 sp 0 error 4",
           "infiniband efa_[4711]: segfault at 0 ip 0 sp 0 error 4",
           "efa: page allocation failure: order:10, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
           "efa_nv_peermem: page allocation failure: order:4, mode:0x40cc0, nodemask=(null)",
           "efa: vmalloc error: size 4096, failed to allocate pages",
           "efa: (4711) used greatest stack depth: 1 bytes left",
           "efa: x/4711: potentially unexpected fatal signal 11.",
           "(null): [4711]: segfault at 0 in didn't send any completion for admin cmd[4+1]",
       }) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

TEST(Log, LeavesOtherDriversTheirWords) {
  for (const char* text : {
           "ena 0000:00:05.0: Admin queue is closed",
           "ena 0000:00:05.0 ens5: Failed to submit command [-19]",
           "ena 0000:00:05.0: Device isn't ready, abort com init",
           "ena 0000:00:05.0: Reset indication didn't turn on",
           "ena 0000:00:05.0: Reading register timed out. expected: req id[1] offset[0]",
           "ena: Elastic Network Adapter (ENA) v2.13.0g",
           "infiniband mlx5_0: Failed to register mr [-12]",
           "infiniband bnxt_re0: Failed to process command efa",
           "nvme nvme0: Admin queue is closed",
           "pci bus 0000:00: resource 4",
           "audit: efa 0000:00:06.0: EFA device init failed",
           "mdadm: efa",
           "",
           " ",
       }) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

TEST(Log, TellsWhichFunctionsWereEfaDevicesInThisBoot) {
  const PciAddress six{0, 0, 6, 0};
  struct Row {
    const char* record;
    std::optional<PciAddress> function;
  };
  const Row rows[] = {
      {"6,1,1,-;pci 0000:00:06.0: [1d0f:efa1] type 00 class 0x020000", six},
      {"6,1,1,-;pci 0000:00:06.0: [1d0f:efa0] type 00 class 0x020000 PCIe Endpoint", six},
      {"6,1,1,-;pci 0000:00:06.0: [1d0f:ec20] type 00 class 0x020000", std::nullopt},
      {"6,1,1,-;pci 0000:00:06.0: BAR 0 [mem 0xfe000000-0xfe003fff]", std::nullopt},
      {"6,1,1,-;efa 0000:00:06.0: enabling device (0000 -> 0002)", six},
      {"6,1,1,-;efa 0000:00:06.0 rdmap0s6: IB device registered", six},
      {"3,1,1,-;efa 0000:00:06.0: AER: can't recover (no error_detected callback)", six},
      {"6,1,1,-;ena 0000:00:06.0: enabling device", std::nullopt},
      {"3,1,1,-;pcieport 0000:00:06.0: AER: Corrected error received", std::nullopt},
      {"3,1,1,-;infiniband efa_0: Admin queue is closed", std::nullopt},
      {"12,1,1,-;efa 0000:00:06.0: text that a process wrote", std::nullopt},
      {"efa 0000:00:06.0: text", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(named_efa_function(row.record), row.function) << row.record;
}

// kernel/module/main.c; osapi.c and nv-dmabuf.c of NVIDIA's open modules.
TEST(Log, TellsWhatClosesTheWayToAGpusMemory) {
  struct Row {
    const char* text;
    const char* kind;  // "": nothing of it is taken
    const char* kept;
  };
  const Row rows[] = {
      {"failing symbol_get of non-GPLONLY symbol nvidia_p2p_get_pages.", kSymbolsCutOff,
       "failing symbol_get of non-GPLONLY symbol nvidia_p2p_"},
      {"NVRM: API mismatch: the client 'secret' (pid 7)", kApiMismatch,
       "NVRM: API mismatch: the client"},
      {"NVRM: topology not supported for mapping type FORCE_PCIE", kMappingRefused,
       "NVRM: topology not supported for mapping type FORCE_PCIE"},
      {"NVRM: dma-buf attach failed: topology not supported for mapping type FORCE_PCIE",
       kMappingRefused, "NVRM: topology not supported for mapping type FORCE_PCIE"},
      {"NVRM: dma-buf attach failed: importer unable to handle MMIO without struct page",
       kDmabufRefused, "NVRM: importer unable to handle MMIO without struct page"},
      {"NVRM: dma-buf attach failed: PCI topology not supported for dma-buf", kDmabufRefused,
       "NVRM: PCI topology not supported for dma-buf"},
      {"NVRM: The NVIDIA GPU 0000:53:00.0 installed in this system is not supported by open",
       kGpuNotSupported, "NVRM: installed in this system is not supported by "},
      {"NVRM: Invalid argument in nv_p2p_get_pages,address or length are not aligned "
       "address=0x7f00, length=0x10",
       kRangeMisaligned,
       "NVRM: Invalid argument in nv_p2p_get_pages,address or length are not aligned"},
      {"failing symbol_get of non-GPLONLY symbol other_get_pages.", "", ""},
      {"NVRM: Xid (PCI:0000:53:00): 79, GPU has fallen off the bus.", "", ""},
      {"audit: NVRM: API mismatch: the client", "", ""},
      {"NVRM: [4711]: segfault in topology not supported for mapping type FORCE_PCIE[4+1]", "", ""},
      {"efa 0000:00:06.0: IB device registered", "", ""},
      {"", "", ""},
  };
  for (const Row& row : rows) {
    const std::string record = "4,812,77,-;" + std::string(row.text);
    const auto message = parse_accelerator_message(record);
    EXPECT_EQ(message ? message->kind : "", row.kind) << row.text;
    const std::string kept = words_of_accelerator_message(record);
    EXPECT_EQ(kept, message ? "4,812,77,-;" + std::string(row.kept) : "") << row.text;
    if (!message) continue;
    EXPECT_EQ(message->usec, 77U);
    EXPECT_EQ(parse_accelerator_message(kept)->kind, row.kind) << "a recording is read again";
    EXPECT_FALSE(parse_kernel_message(record)) << "it is none of efa";
  }
  for (const char* record :
       {"12,812,77,-;NVRM: API mismatch: the client", "4,812;NVRM: API mismatch: the client",
        "4,812,x,-;NVRM: API mismatch: the client", "NVRM: API mismatch: the client", ""}) {
    EXPECT_FALSE(parse_accelerator_message(record)) << record;
  }
}

TEST(Log, RefusesWhatIsNoRecord) {
  for (const char* record : {
           "",
           ";",
           "efa 0000:00:06.0: EFA device init failed",
           "3,812;efa: x",
           "x,812,39435060730,-;efa: x",
           "3,812,x,-;efa: x",
           "-3,812,1,-;efa: x",
           "4294967296,812,1,-;efa: x",
           "3,812,99999999999999999999,-;efa: x",
       }) {
    EXPECT_FALSE(parse_kernel_message(record)) << record;
  }
}

TEST(Log, TakesHeadAndFirstLineOnly) {
  const auto message = parse_kernel_message(
      "30,812,39435060730,c,caller=T1;efa 0000:00:06.0: text\n SUBSYSTEM=pci\n DEVICE=+pci:x\n");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->priority, 6);  // 30 is facility 3, level 6
  EXPECT_EQ(message->usec, 39435060730U);
  EXPECT_EQ(message->text, "efa 0000:00:06.0: text");
}

TEST(Log, BoundsAndCleansTheText) {
  const auto message = parse("efa: \xff" + std::string(5000, 'x'));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text.size(), 512U);
  EXPECT_EQ(message->text.substr(0, 7), "efa: ?x");
}

TEST(Log, TheOldestRecordOfALogThatLostOlderOnesIsMarked) {
  EXPECT_EQ(marked_oldest("3,812,77,-;efa: text"), "3,812,77,-,oldest;efa: text");
  EXPECT_EQ(marked_oldest("6,812,77,-,caller=T1;x"), "6,812,77,-,caller=T1,oldest;x");
  for (const char* record : {"6,0,0,-;Linux version 6.1.0", "", "x", "6,x,0,-;text", "oldest;x"}) {
    EXPECT_EQ(marked_oldest(record), record);
  }
  EXPECT_TRUE(is_marked_oldest("3,812,77,-,oldest;"));
  for (const char* record : {"3,812,77,-;text,oldest;", "3,812,77,-,oldest", ",older;"}) {
    EXPECT_FALSE(is_marked_oldest(record)) << record;
  }
  EXPECT_TRUE(parse_kernel_message("3,812,77,-,oldest;efa 0000:00:06.0: x"));
}

}  // namespace
}  // namespace efa
