// A text is read once from left to right. It may be 1 MiB of anything: what is looked for ahead is
// either near, or remembered until the position passes it, or hidden up to there.

#include "agent/run/hide_credentials.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/run/credential_words.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr std::string_view kWhite = " \t\r\n";
constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kEndOfWord = " \t\r\n\"',;&)<>";
constexpr std::string_view kEndOfValue = " \t\r\n\"'<>";
constexpr std::string_view kBehindValue = ",;)}]";  // at its end they are not of it

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

// "-----BEGIN RSA PRIVATE KEY----- ... -----END RSA PRIVATE KEY-----"
std::string hide_private_keys(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr size_t kHeader = 80;  // the longest of OpenSSL and GnuPG has 40
  std::string out;
  size_t begin = 0;
  while ((begin = text.find(kBegin)) != std::string_view::npos) {
    const std::string_view near = text.substr(begin, kHeader);
    const std::string_view header = near.substr(0, near.find_first_of("\r\n\\"));
    const bool is_private = header.find("PRIVATE KEY") != std::string_view::npos;
    out += text.substr(0, is_private ? begin : begin + kBegin.size());
    text.remove_prefix(begin + kBegin.size());
    if (!is_private) continue;
    out += kHidden;
    text.remove_prefix(std::min(text.find("-----END "), text.size()));
  }
  return out += text;
}

// Where the next of some letters is, asked for positions that only grow.
class NextOf {
 public:
  NextOf(std::string_view text, std::string_view letters) : text_(text), letters_(letters) {}

  size_t from(size_t at) {
    if (!found_ || *found_ < at) found_ = std::min(text_.find_first_of(letters_, at), text_.size());
    return *found_;
  }

 private:
  std::string_view text_;
  std::string_view letters_;
  std::optional<size_t> found_;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string hidden() {
    while (at_ < text_.size()) {
      if (!user_of_url() && !aws_secret() && !name_or_word()) copy(1);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] char before() const { return at_ == 0 ? '\0' : text_[at_ - 1]; }

  void copy(size_t count) {
    out_ += text_.substr(at_, count);
    at_ += count;
  }

  // What is hidden already stays, so that a replay tells the same.
  void hide(size_t count) {
    const std::string_view value = text_.substr(at_, count);
    const bool already =
        value.starts_with(kHidden) &&
        value.find_first_not_of(kBehindValue, kHidden.size()) == std::string_view::npos;
    out_ += already ? value : value.empty() ? "" : kHidden;
    at_ += count;
  }

  void copy_all_of(std::string_view letters) {
    copy(std::min(rest().find_first_not_of(letters), rest().size()));
  }

  // The last '@' of what white space, quotes and angles end.
  std::optional<size_t> last_at_sign() {
    const size_t end = end_of_value_.from(at_);
    if (end != at_sign_before_) {
      at_sign_before_ = end;
      at_sign_ = text_.substr(at_, end - at_).rfind('@');
      if (at_sign_ != std::string_view::npos) at_sign_ += at_;
    }
    if (at_sign_ == std::string_view::npos || at_sign_ < at_) return std::nullopt;
    return at_sign_;
  }

  // "://user:password@host"; a password may hold '/' and '@' itself
  bool user_of_url() {
    if (!rest().starts_with("://")) return false;
    copy(3);
    if (const auto at_sign = last_at_sign()) hide(*at_sign - at_);
    return true;
  }

  bool aws_secret() {
    if (is_name_char(before()) || before() == '/' || before() == '+') return false;
    if (!begins_with_aws_secret(rest())) return false;
    hide(40);
    return true;
  }

  bool name_or_word() {
    if (!is_name_char(text_[at_])) return false;
    size_t end = at_;
    while (end < text_.size() && is_name_char(text_[end])) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    const size_t end_of_word = end_of_word_.from(at_);  // a web token has dots in it
    if (is_key_itself(text_.substr(at_, end_of_word - at_))) {
      hide(end_of_word - at_);
      return true;
    }
    const std::string_view ahead = text_.substr(at_ < 2 ? 0 : at_ - 2, std::min<size_t>(at_, 2));
    if (at_ < mysql_until_ && name.starts_with("-p") && name.size() > 2) {
      copy(2);  // "mysql -pPASSWORD"
      hide(end_of_value_.from(at_) - at_);
      return true;
    }
    copy(name.size());
    behind_name(name, ahead);
    return true;
  }

  // What comes behind a name tells with it whether it is a credential.
  void behind_name(std::string_view name, std::string_view ahead) {
    constexpr std::array<std::string_view, 4> kUserOptions = {"-u", "-U", "--user", "--proxy-user"};
    constexpr std::array<std::string_view, 4> kMysql = {"mysql", "mysqldump", "mysqladmin",
                                                        "mariadb"};
    const std::string lower = lower_case(name);
    const char around = ahead.empty() ? '\0' : ahead.back();
    if (is_one_of(name, kMysql)) {
      mysql_until_ = end_of_line_.from(at_);
    } else if (lower == "bearer") {
      copy_all_of(kWhite);
      hide(plain_value());
    } else if (is_one_of(name, kUserOptions)) {
      hide_user();
    } else if (goes_on_as_key(lower) || names_credential(name)) {
      hide_value(lower, around);
    } else if (rest().starts_with(":") && !rest().starts_with(":/")) {
      hide_userinfo(ahead == "//");
    }
  }

  // "api key", "secret access key"
  bool goes_on_as_key(const std::string& lower) {
    constexpr std::array<std::string_view, 6> kWords = {"api",     "access", "secret",
                                                        "private", "shared", "account"};
    if (!is_one_of(lower, kWords)) return false;
    if (lower_case(rest().substr(0, 4)) != " key") return false;
    if (rest().size() > 4 && is_name_char(rest()[4])) return false;
    copy(4);
    return true;
  }

  // curl's "-u user:password"
  void hide_user() {
    copy_all_of("= \t");
    const size_t size = value_size('\0', false);
    if (rest().substr(0, size).find(':') == std::string_view::npos) return copy(size);
    hide(size);
  }

  // "user:password@proxy:3128", "//user:password@host"
  void hide_userinfo(bool slashes) {
    const auto at_sign = last_at_sign();
    if (!at_sign || *at_sign < at_ + 2) return;
    if (!slashes && !begins_with_host_and_port(text_.substr(*at_sign + 1))) return;
    copy(1);
    hide(*at_sign - at_);
  }

  // "=", ": ", "=>" behind a name or behind its quote; its length with all before it, or 0
  [[nodiscard]] size_t assignment() const {
    const size_t mark = std::min(rest().find_first_not_of("\"' \t\\"), rest().size());
    const std::string_view sign = rest().substr(mark);
    for (const std::string_view two : {"=>", "->", "==", ":="}) {
      if (sign.starts_with(two)) return mark + two.size();
    }
    return sign.starts_with("=") || sign.starts_with(":") ? mark + 1 : 0;
  }

  // What follows "name=", "name: ", "\"name\": ", "<name>" or "--name ".
  void hide_value(const std::string& name, char around) {
    if (around == '<' && rest().starts_with(">")) {
      copy(1);
      return hide(std::min(rest().find('<'), rest().size()));
    }
    const size_t sign = assignment();
    const bool option = name.starts_with('-');
    const bool bare = sign == 0 && !option;
    if (bare && name != "password" && name != "passwd" && name != "passphrase") return;
    if (!rest().empty() && (is_quote(rest()[0]) || rest()[0] == '\\')) around = '\0';  // its own
    copy(sign);
    const bool colon = before() == ':';
    copy_all_of(" \t");
    const size_t begin = at_;
    const bool to_the_end =
        name.find("authorization") != std::string::npos || name == "cookie" || name == "set-cookie";
    const size_t size = value_size(is_quote(around) ? around : '\0', to_the_end);
    const std::string_view value = rest().substr(0, size);
    const bool quoted = at_ != begin;
    // "PASS: test 7"
    const bool verdict = colon && !quoted && (name == "pass" || name == "sig");
    const bool stays =
        verdict || is_ordinary_value(name, value) || (bare && !quoted && !looks_random(value));
    if (!stays) hide(size);
  }

  // Of the value that begins here; an opening quote of its own is copied.
  size_t value_size(char around, bool to_the_end) {
    const size_t line = end_of_line_.from(at_) - at_;
    const std::string_view here = rest().substr(0, line);
    const size_t slashes = std::min(here.find_first_not_of('\\'), here.size());
    if (slashes < here.size() && is_quote(here[slashes])) {
      const std::string_view quote = here.substr(0, slashes + 1);
      copy(quote.size());
      return size_to(quote, here.substr(quote.size()));
    }
    if (around != '\0') return size_to(std::string_view(&around, 1), here);
    return to_the_end ? line : plain_value();
  }

  // Up to a quote with as many '\\' before it, or all.
  static size_t size_to(std::string_view quote, std::string_view line) {
    size_t slashes = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == quote.back() && slashes == quote.size() - 1) return i - slashes;
      slashes = line[i] == '\\' ? slashes + 1 : 0;
    }
    return line.size();
  }

  size_t plain_value() {
    const std::string_view value = text_.substr(at_, end_of_value_.from(at_) - at_);
    const size_t end = value.find_last_not_of(kBehindValue) + 1;  // npos + 1 is 0
    return value.starts_with(kHidden) ? std::max(end, kHidden.size()) : end;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
  NextOf end_of_line_{text_, kEndOfLine};
  NextOf end_of_word_{text_, kEndOfWord};
  NextOf end_of_value_{text_, kEndOfValue};
  std::optional<size_t> at_sign_before_;  // the end of the word in which at_sign_ was looked for
  size_t at_sign_ = std::string_view::npos;
  size_t mysql_until_ = 0;  // the end of a line that calls mysql
};

}  // namespace

std::string hide_credentials(const std::string& text) {
  return Scanner(hide_private_keys(text)).hidden();
}

}  // namespace efa
