#include "probes/cloud/metadata.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "probes/protocol/text.h"

namespace efa {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kMaxBody = size_t{16} * 1024;  // an instance has at most some dozen interfaces
constexpr milliseconds kBeforeRetry{100};       // the service throttles by packets a second
constexpr const char* kTokenTtl = "X-aws-ec2-metadata-token-ttl-seconds: 60";

size_t take_body(const char* bytes, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > kMaxBody) return 0;  // ends the transfer
  text.append(bytes, size * count);
  return size * count;
}

struct Answer {
  CURLcode outcome = CURLE_OK;
  long status = 0;
  std::string body;
};

bool nobody_answered(CURLcode outcome) {
  return outcome == CURLE_COULDNT_CONNECT || outcome == CURLE_COULDNT_RESOLVE_HOST ||
         outcome == CURLE_SEND_ERROR || outcome == CURLE_RECV_ERROR;
}

Error error_of(const Answer& answer, const std::string& where) {
  if (answer.outcome == CURLE_OPERATION_TIMEDOUT) {
    return {ErrorKind::kTimedOut, where, "no answer in time"};
  }
  if (answer.outcome == CURLE_WRITE_ERROR) {
    return {ErrorKind::kMalformed, where, "the answer is too long"};
  }
  if (answer.outcome != CURLE_OK) {
    return {nobody_answered(answer.outcome) ? ErrorKind::kNotFound : ErrorKind::kMalformed, where,
            curl_easy_strerror(answer.outcome)};
  }
  const std::string words = "HTTP status " + std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403) return {ErrorKind::kDenied, where, words};
  if (answer.status == 404) return {ErrorKind::kNotFound, where, words, ENOENT};
  if (answer.status == 429 || answer.status == 503) {
    return {ErrorKind::kInputOutput, where, words, EAGAIN};
  }
  if (answer.status >= 500) return {ErrorKind::kInputOutput, where, words};
  return {ErrorKind::kMalformed, where, words};  // the service neither redirects nor says less
}

bool worth_a_retry(const Answer& answer) {
  return answer.outcome == CURLE_OK && (answer.status == 429 || answer.status >= 500);
}

}  // namespace

struct Metadata::Connection {
  CURL* handle = curl_easy_init();

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { curl_easy_cleanup(handle); }

  Answer ask(const std::string& url, const std::string& header, bool put, milliseconds limit) {
    Answer answer;
    curl_slist* headers = curl_slist_append(nullptr, header.c_str());
    curl_easy_reset(handle);  // keeps the connection
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (put) curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer.body);
    answer.outcome = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_slist_free_all(headers);
    return answer;
  }
};

Metadata::Metadata(std::string endpoint, Deadline deadline)
    : endpoint_(std::move(endpoint)),
      deadline_(deadline),
      connection_(std::make_unique<Connection>()) {}

Metadata::~Metadata() = default;

Result<std::string> Metadata::ask(const std::string& path, bool for_token) {
  const std::string header = for_token ? kTokenTtl : "X-aws-ec2-metadata-token: " + token_;
  Error error{ErrorKind::kTimedOut, path, "no time left"};
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now());
    if (left <= milliseconds(0)) return error;
    const Answer answer = connection_->ask(endpoint_ + path, header, for_token, left);
    if (worth_a_retry(answer)) {
      error = error_of(answer, path);  // that it was refused says more than that time is up
      std::this_thread::sleep_for(std::min(kBeforeRetry, left));
      continue;
    }
    if (answer.outcome == CURLE_OPERATION_TIMEDOUT && error.kind != ErrorKind::kTimedOut) {
      return error;
    }
    if (answer.outcome != CURLE_OK || answer.status != 200) return error_of(answer, path);
    if (!is_metadata_text(answer.body)) {
      return Error{ErrorKind::kMalformed, path, "the answer is no metadata"};
    }
    return std::string(trim(answer.body));
  }
}

Result<Done> Metadata::start_session() {
  const std::string path = "/latest/api/token";
  const Result<std::string> token = ask(path, /*for_token=*/true);
  if (!token) return token.error();
  // without a word in it the header of a token is not sent, and that is version 1
  if (words(*token) != std::vector<std::string>{*token}) {
    return Error{ErrorKind::kMalformed, path, "the answer is no token"};
  }
  token_ = *token;
  return Done{};
}

Result<std::string> Metadata::get(const std::string& path) {
  return ask("/latest/meta-data/" + path, /*for_token=*/false);
}

std::string status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kTimedOut:
      return "slow";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kMalformed:
      return "malformed";
    case ErrorKind::kNotFound:
      return "absent";
    default:
      return error.os_error == EAGAIN ? "throttled" : "failing";
  }
}

bool is_metadata_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           (c != '\0' && std::string_view("-._:/=+@, \r\n").find(static_cast<char>(c)) !=
                             std::string_view::npos);
  });
}

}  // namespace efa
