#include "tests/support/module_elf.h"

#include <elf.h>

namespace efa {
namespace {

template <class Header>
void append(std::string& bytes, const Header& header) {
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
}

Elf64_Shdr section(uint32_t name, size_t offset, size_t size) {
  Elf64_Shdr header{};
  header.sh_name = name;
  header.sh_type = SHT_PROGBITS;
  header.sh_offset = offset;
  header.sh_size = size;
  header.sh_addralign = 1;
  return header;
}

}  // namespace

std::string module_elf(const std::vector<std::string>& entries, bool is_signed) {
  std::string modinfo;
  for (const std::string& entry : entries) modinfo.append(entry.c_str(), entry.size() + 1);
  const std::string names("\0.modinfo\0.shstrtab\0", 20);
  Elf64_Ehdr header{};
  std::string(ELFMAG).copy(reinterpret_cast<char*>(header.e_ident), SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = sizeof header + modinfo.size() + names.size();
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  std::string bytes;
  append(bytes, header);
  bytes += modinfo + names;
  append(bytes, section(0, 0, 0));
  append(bytes, section(1, sizeof header, modinfo.size()));
  append(bytes, section(10, sizeof header + modinfo.size(), names.size()));
  if (is_signed) bytes += "PKCS7~Module signature appended~\n";
  return bytes;
}

}  // namespace efa
