#include "agent/run/hide_credentials.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace efa {
namespace {

constexpr std::string_view kHidden = "(hidden)";
constexpr std::string_view kWhite = " \t\r\n";
constexpr std::string_view kEndOfValue = " \t\r\n\"',;&)<>";

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool names_credential(std::string_view name) {
  constexpr std::array<std::string_view, 14> kWords = {
      "secret",     "token",      "passw",       "passphrase",   "credential",
      "api_key",    "apikey",     "api-key",     "access_key",   "accesskey",
      "access-key", "privatekey", "private_key", "authorization"};
  const std::string lower = lower_case(name);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

bool is_key_itself(std::string_view word) {
  constexpr std::array<std::string_view, 9> kBeginnings = {
      "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "hf_", "glpat-", "eyJ"};
  constexpr size_t kShortest = 20;  // of an AWS access key id
  return word.size() >= kShortest &&
         std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [&](std::string_view beginning) { return word.starts_with(beginning); });
}

// Reads a text from left to right; what it has passed is in `out`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::string hidden() {
    while (!rest_.empty()) {
      if (!private_key() && !user_of_url() && !name_or_word()) copy(1);
    }
    return std::move(out_);
  }

 private:
  void copy(size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(count);
  }

  void hide(size_t count) {
    out_ += kHidden;
    rest_.remove_prefix(count);
  }

  size_t until(std::string_view ends, size_t from = 0) const {
    return std::min(rest_.find_first_of(ends, from), rest_.size());
  }

  // "-----BEGIN RSA PRIVATE KEY----- ... -----END RSA PRIVATE KEY-----"
  bool private_key() {
    if (!rest_.starts_with("-----BEGIN ")) return false;
    if (rest_.substr(0, until("\r\n\\")).find("PRIVATE KEY") == std::string_view::npos)
      return false;
    const size_t end = rest_.find("-----END ");
    hide(end == std::string_view::npos ? rest_.size() : end);
    return true;
  }

  // "://user:password@host"; a password may hold '/' and '@' itself
  bool user_of_url() {
    if (!rest_.starts_with("://")) return false;
    copy(3);
    const size_t at = rest_.substr(0, until(" \t\r\n\"'<>")).rfind('@');
    if (at != std::string_view::npos) hide(at);
    return true;
  }

  bool name_or_word() {
    if (!is_name_char(rest_.front())) return false;
    size_t end = 0;
    while (end < rest_.size() && is_name_char(rest_[end])) ++end;
    const std::string_view name = rest_.substr(0, end);
    const bool option = name.starts_with("-");
    const size_t end_of_word = until(kEndOfValue);  // a web token has dots in it
    if (is_key_itself(rest_.substr(0, end_of_word))) {
      hide(end_of_word);
      return true;
    }
    copy(end);
    if (lower_case(name) == "bearer" || name == "-u" || name == "--user") {
      hide_word();  // also curl's "-u name:password"
    } else if (names_credential(name)) {
      hide_value(name, option);
    }
    return true;
  }

  void hide_word() {
    copy(std::min(rest_.find_first_not_of(kWhite), rest_.size()));
    const size_t end = until(kEndOfValue);
    if (end > 0) hide(end);
  }

  // What follows "name=", "name: ", "\"name\": " or "--name ".
  void hide_value(std::string_view name, bool option) {
    const size_t mark = rest_.find_first_not_of("\"' \\");
    const bool assigned =
        mark != std::string_view::npos && (rest_[mark] == '=' || rest_[mark] == ':');
    if (!assigned && !option) return;
    if (assigned) copy(mark + 1);
    copy(std::min(rest_.find_first_not_of("\"' \t\\"), rest_.size()));
    const bool to_the_end = lower_case(name).find("authorization") != std::string::npos;
    const size_t end = until(to_the_end ? std::string_view("\r\n\"'") : kEndOfValue);
    if (end > 0) hide(end);
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace

std::string hide_credentials(const std::string& text) {
  return Scanner(text).hidden();
}

Value hide_credentials(const Value& value) {
  if (const auto* text = value.as<std::string>()) return hide_credentials(*text);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(hide_credentials(item));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    Object members;
    for (const auto& [key, member] : *object) {
      const bool credential = names_credential(key) && member.as<std::string>() != nullptr;
      members.emplace_back(key, credential ? Value(kHidden) : hide_credentials(member));
    }
    return members;
  }
  return value;
}

}  // namespace efa
