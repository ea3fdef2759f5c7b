#include "probes/aws/metadata.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include "probes/base/text.h"

namespace efa {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBeforeRetry{100};  // the service throttles by packets a second
constexpr const char* kTokenTtl = "60";    // seconds

Error error_of(const Result<HttpAnswer>& answer, const std::string& where) {
  if (!answer) {
    const Error& error = answer.error();
    const bool too_long = error.kind == ErrorKind::kTooLarge;
    return {too_long ? ErrorKind::kMalformed : error.kind, where, error.what};
  }
  const long status = answer->status;
  const std::string words = "HTTP status " + std::to_string(status);
  if (status == 401 || status == 403) return {ErrorKind::kDenied, where, words};
  if (status == 404) return {ErrorKind::kNotFound, where, words, ENOENT};
  if (status == 429 || status == 503) return {ErrorKind::kInputOutput, where, words, EAGAIN};
  if (status >= 500) return {ErrorKind::kInputOutput, where, words};
  return {ErrorKind::kMalformed, where, words};  // the service neither redirects nor says less
}

bool worth_a_retry(const Result<HttpAnswer>& answer) {
  return answer && (answer->status == 429 || answer->status >= 500);
}

HttpSettings settings_of_metadata() {
  HttpSettings settings;
  settings.connect_limit = milliseconds(30'000);  // the deadline is the limit
  return settings;
}

}  // namespace

Metadata::Metadata(std::string endpoint, Deadline deadline, MakeHttp make_http)
    : endpoint_(std::move(endpoint)),
      deadline_(deadline),
      make_http_(std::move(make_http)),
      http_(make_http_(settings_of_metadata())) {}

Result<std::string> Metadata::ask(const std::string& path, bool for_token) {
  HttpRequest request;
  request.method = for_token ? "PUT" : "GET";
  request.url = endpoint_ + path;
  request.direct = true;
  request.headers = for_token ? Headers{{"X-aws-ec2-metadata-token-ttl-seconds", kTokenTtl}}
                              : Headers{{"X-aws-ec2-metadata-token", token_}};
  Error error{ErrorKind::kTimedOut, path, "no time left"};
  while (true) {
    request.limit = std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now());
    if (request.limit <= milliseconds(0)) return error;
    const Result<HttpAnswer> answer = http_->send(request);
    if (worth_a_retry(answer)) {
      error = error_of(answer, path);  // that it was refused says more than that time is up
      std::this_thread::sleep_for(std::min(kBeforeRetry, request.limit));
      continue;
    }
    const bool late = !answer && answer.error().kind == ErrorKind::kTimedOut;
    if (late && error.kind != ErrorKind::kTimedOut) return error;
    if (!answer || answer->status != 200) return error_of(answer, path);
    return std::string(trim(answer->body));
  }
}

Result<Done> Metadata::start_session() {
  const std::string path = "/latest/api/token";
  const Result<std::string> token = ask(path, /*for_token=*/true);
  if (!token) return token.error();
  // without a word in it the header of a token is not sent, and that is version 1
  if (!is_metadata_text(*token) || words(*token) != std::vector<std::string>{*token}) {
    return Error{ErrorKind::kMalformed, path, "the answer is not a token"};
  }
  token_ = *token;
  return Done{};
}

Metadata Metadata::another_connection() const {
  Metadata other(endpoint_, deadline_, make_http_);
  other.token_ = token_;
  return other;
}

Result<std::string> Metadata::get(const std::string& path) {
  Result<std::string> text = get_document(path);
  if (text && !is_metadata_text(*text)) {
    return Error{ErrorKind::kMalformed, path, "the answer is not metadata"};
  }
  return text;
}

// Parts of paths come out of answers.
Result<std::string> Metadata::get_document(const std::string& path) {
  const std::vector<std::string> parts = split(path, '/');
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    return Error{ErrorKind::kMalformed, path, "no path of the service"};
  }
  return ask("/latest/meta-data/" + path, /*for_token=*/false);
}

bool is_metadata_text(const std::string& text) {
  return is_made_of(text, "-._:/=+@, \r\n");
}

}  // namespace efa
