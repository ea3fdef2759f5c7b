# Libraries that a distribution may lack: the installed one, else its source, pinned by its
# hash. Without a network: -DFETCHCONTENT_SOURCE_DIR_<NAME IN CAPITALS>=<unpacked source>.
include(FetchContent)
set(FETCHED_SYSTEM "")
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
  set(FETCHED_SYSTEM SYSTEM)  # their warnings are not ours
endif()
set(DEBIAN https://deb.debian.org/debian/pool/main)

macro(find_or_fetch name version url sha256)
  find_package(${name} ${version} QUIET)
  if(NOT ${name}_FOUND)
    message(STATUS "${name} is not installed: its source is built in")
    FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${sha256})
    FetchContent_Populate(${name})
    string(TOLOWER ${name} lower)
    # out of ALL, so that nothing of it is installed
    add_subdirectory(${${lower}_SOURCE_DIR} ${${lower}_BINARY_DIR} EXCLUDE_FROM_ALL ${FETCHED_SYSTEM})
  endif()
endmacro()

find_or_fetch(nlohmann_json 3.9 ${DEBIAN}/n/nlohmann-json3/nlohmann-json3_3.11.3.orig.tar.gz
  0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406)
find_or_fetch(CLI11 "" ${DEBIAN}/c/cli11/cli11_2.4.1+ds.orig.tar.xz
  0b8fbf2398875f15f30a675c7f412123a2aaa38df2863e991de72004fd5f1292)
find_or_fetch(tomlplusplus "" https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
  8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155)
find_or_fetch(pugixml "" ${DEBIAN}/p/pugixml/pugixml_1.14.orig.tar.gz
  610f98375424b5614754a6f34a491adbddaaec074e9044577d965160ec103d2e)
# spdlog and fmt are used by their headers
find_or_fetch(fmt "" ${DEBIAN}/f/fmtlib/fmtlib_10.1.1+ds1.orig.tar.gz
  7000f214d2628f04174822f8048c573f1608194408d7931121595a03f1c18a17)
set(SPDLOG_FMT_EXTERNAL ON)
find_or_fetch(spdlog "" ${DEBIAN}/s/spdlog/spdlog_1.15.2+ds.orig.tar.xz
  47c34d1efd947b6b81fe514dc772a8fb7c3a781050f7b19c09099575c16f6d5f)
