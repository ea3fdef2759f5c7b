// What stands in the place of names in a redacted recording: for the same word always the same, so
// that the recording still hangs together.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// Where a text is from. In files a number of 12 digits is a number; what a program says may name
// an account.
enum class Source { kFile, kSpoken };

class Pseudonyms {
 public:
  // Names are found wherever they stand alone.
  explicit Pseudonyms(std::vector<std::string> names);

  std::string of_name(const std::string& name);
  std::string of_text(std::string text, Source source = Source::kFile);

 private:
  void replace_name(std::string& text, const std::string& name);
  void replace_uuids(std::string& text);
  std::string of_token(const std::string& token, Source source, bool counts);
  std::string of_path(const std::string& path);
  std::string of_url(const std::string& url);
  std::string of_arn(const std::string& arn);
  std::string of_words(const std::string& text);
  std::string of_word(const std::string& word);
  std::string of_parts(const std::string& word);
  std::string ipv6(const std::string& word);
  unsigned number(const std::string& word);
  std::string formatted(const char* format, const std::string& word);
  std::string of_two_bytes(const char* format, const std::string& word);

  std::vector<std::string> names_;
  std::map<std::string, size_t> numbers_;
};

}  // namespace efa
