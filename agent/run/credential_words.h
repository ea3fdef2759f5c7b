// Which words name a credential, and which are one, told by their form alone.
#pragma once

#include <string>
#include <string_view>

namespace efa {

constexpr std::string_view kHidden = "(hidden)";

bool is_name_char(char c);

// "DB_PASSWORD", "api-key", "WANDB_KEY", "pwd"
bool names_credential(std::string_view name);
// Names that are as often an ordinary word: "pass: 7", "PWD=/root", "sig=11". Such a value of
// theirs is none.
bool is_ordinary_value(std::string_view name, std::string_view value);
// "AKIA...", "ghp_...", "eyJ..."
bool is_key_itself(std::string_view word);
// The beginning of the text is a word of 40 letters as AWS makes them.
bool begins_with_aws_secret(std::string_view text);
// "password hunter2", not "password missing"
bool looks_random(std::string_view word);
// "proxy:3128" at the beginning
bool begins_with_host_and_port(std::string_view text);

}  // namespace efa
