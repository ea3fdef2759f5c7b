// Files of kernel modules, as small as they can be: an ELF header, the section .modinfo, the names.
#pragma once

#include <string>
#include <vector>

namespace efa {

// With those entries, "version=3.1.0g"; a signed one ends as sign-file of the kernel makes it.
std::string module_elf(const std::vector<std::string>& entries, bool is_signed);

// module_elf({"version=3.1.0g", "license=Dual BSD/GPL", "srcversion=8B4C3FB9BF4E5A5A7B0FA1E"},
// true) in hex, as xz --check=crc32, gzip -n and zstd make it smaller
inline constexpr const char* kModuleXz =
    "fd377a585a0000016922de360200210116000000742fe5a3e0017b00a25d003f914584683d89a6da9ca6ac"
    "2e2bcbcd787701f1ea4476eb040393bd0f61252ea697172cd2feb879ed9cc57afcb1c11bcea6c2c5c3a0ec"
    "cdf68a431ea4e9b1c4d3d9f2e7ad534198069173f9ee2f4bf60919344770040659bf26df46fe47ac4e00b6"
    "5884a3072ae8b78ce21d4fd5382a41f1decf298cd49a3cf130e74fa33a2b2278bc040fe10dd3e4aefb2504"
    "3952fdac1e773bca8ad5ca8d1b4e393ae15b7dacc000000017d024fb0001ba01fc0200000fb0508a3e300d"
    "8b020000000001595a";
inline constexpr const char* kModuleGz =
    "1f8b0800000000000203ab77f57163626464800146063b06040f016623b11da02433031343596a5171667e"
    "9eadb19ea19e413a434e66726a5e71aaad4b69628e8253b08bbe7b800f437151324c99859389b3b19b93a5"
    "939b89aba9a3a9a3b993819ba3a12b03835e6e7e4a665e5a3e835e7146714951496212d439c403462c7c6c"
    "fa1da0b43b01fd5c38f4b743691102fa03bc9d83cdeb7cf3534a7352158a33d3f3124b4a8b5215120b0a52"
    "f3525253eab80017d024fb7c010000";
inline constexpr const char* kModuleZst =
    "28b52ffd0458a505002289222560355b0c30f038ce7832b396aabed1238916e55280808e157ea394fc8d39"
    "3938f28a81760ac7576dc596e32862b5d751acdd8dd8cdab79f13998a4b80a064705c1ff00b4d3dd16d8f1"
    "3900df9a07e24f29d14ca413355143315322e45c24461e32bd6f5d9561c224b2516f7aecc636bbdbb5242a"
    "717970be5b5b821b271c3af483270e0fa1312daa201100a009c80ed40c3481ec8650b3a75e403b88d961d4"
    "0e0da25429d22034b01b6c1b7313027001357c8440";

}  // namespace efa
