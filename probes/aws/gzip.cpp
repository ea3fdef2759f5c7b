#include "probes/aws/gzip.h"

#include <zlib.h>

namespace efa {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, in a gzip wrapper
constexpr std::string_view kMagic = "\x1f\x8b";

void give(z_stream& stream, std::string_view bytes) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT: only read
  stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

std::string gzip(std::string_view bytes) {
  constexpr int kMemoryLevel = 8;  // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  give(stream, bytes);
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int end = deflate(&stream, Z_FINISH);
  packed.resize(end == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return packed;
}

Result<std::string> unpacked(std::string bytes, size_t longest, const std::string& where) {
  constexpr size_t kStep = size_t{64} * 1024;
  if (!bytes.starts_with(kMagic)) return bytes;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return malformed(where, "cannot be unpacked");
  give(stream, bytes);
  std::string text;
  int state = Z_OK;
  while (state == Z_OK && text.size() <= longest) {
    text.resize(stream.total_out + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + stream.total_out);
    stream.avail_out = static_cast<uInt>(text.size() - stream.total_out);
    state = inflate(&stream, Z_NO_FLUSH);
  }
  text.resize(stream.total_out);
  inflateEnd(&stream);
  if (text.size() > longest) return malformed(where, "is too long");
  if (state != Z_STREAM_END) return malformed(where, "is damaged: it is no whole gzip file");
  return text;
}

}  // namespace efa
