#include "probes/aws/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>

#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

constexpr size_t kMaxHeaders = 128;

struct Body {
  std::string& text;
  size_t longest;
};

size_t take_body(const char* bytes, size_t size, size_t count, void* taken) {
  auto& body = *static_cast<Body*>(taken);
  if (body.text.size() + size * count > body.longest) return 0;  // ends the transfer
  body.text.append(bytes, size * count);
  return size * count;
}

// "Date: Mon, 23 Nov 2026 22:00:00 GMT\r\n"
size_t take_header(const char* bytes, size_t size, size_t count, void* headers) {
  auto& kept = *static_cast<Headers*>(headers);
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) kept.clear();  // an interim answer (100) came before this one
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || kept.size() >= kMaxHeaders) return line.size();
  kept.emplace_back(lower_case(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return line.size();
}

int ask_whether_cancelled(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<std::function<bool()>*>(cancelled))() ? 1 : 0;
}

bool nobody_answered(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
}

// What curl says itself may quote a proxy with its password, and changes from try to try ("after 3
// ms"). Of certificates alone it is worth more than the words that belong to the code.
std::string words_of(CURLcode code, const std::string& detail) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer in time";
    case CURLE_WRITE_ERROR:
      return "the answer is too long";
    case CURLE_ABORTED_BY_CALLBACK:
      return "stopped";
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "the server does not speak HTTP";
    case CURLE_SSL_CACERT_BADFILE:
      return "certificate not checked: the file of authorities cannot be read or contains none";
    case CURLE_PEER_FAILED_VERIFICATION:
      return detail.empty() ? curl_easy_strerror(code) : detail;
    case CURLE_SSL_CONNECT_ERROR:
      return detail.find("wrong version number") != std::string::npos
                 ? "the server does not speak TLS"
                 : curl_easy_strerror(code);
    default:
      return curl_easy_strerror(code);
  }
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::kTimedOut;
    case CURLE_WRITE_ERROR:
      return ErrorKind::kTooLarge;
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorKind::kInputOutput;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
      return ErrorKind::kDenied;
    default:
      return nobody_answered(code) ? ErrorKind::kNotFound : ErrorKind::kMalformed;
  }
}

// The variable that curl takes the proxy from when no setting names one (libcurl-env(3)); nullptr
// without one.
const char* variable_of_proxy(const std::string& scheme) {
  const bool plain = scheme == "http";  // HTTP_PROXY may be a header of a CGI request
  for (const char* name : {plain ? "http_proxy" : "https_proxy",
                           plain ? "http_proxy" : "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return name;
  }
  return nullptr;
}

// " (proxy: http://host:3128)", without its user and password; "" where none is used.
std::string proxy_words(const HttpRequest& request, const HttpSettings& settings,
                        const std::string& scheme) {
  const char* variable = settings.proxy.empty() ? variable_of_proxy(scheme) : nullptr;
  if (request.direct || (settings.proxy.empty() && variable == nullptr)) return "";
  const std::string where = variable == nullptr ? "its setting" : variable;
  const Result<Url> proxy =
      parse_proxy(variable == nullptr ? settings.proxy : std::getenv(variable), where);
  return " (proxy: " + (proxy ? proxy->origin() : message_of(proxy.error())) + ")";
}

// What comes from environments, files and services must not become a header or a host of its own.
Result<Url> check(const HttpRequest& request) {
  Result<Url> url = parse_url(request.url, "the URL");
  if (!url) return url;
  if (url->scheme.empty() || !url->userinfo.empty()) {
    return Error{ErrorKind::kMalformed, "the URL", "is not that of a server"};
  }
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  for (const auto& [name, value] : request.headers) {
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return Error{ErrorKind::kMalformed, url->origin(),
                   "not asked: the header " + name + " would have control characters"};
    }
  }
  return url;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

struct CurlHttp::Connection {
  CURL* handle = curl_easy_init();
  curl_slist* headers = nullptr;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
  }

  template <class T>
  void set(CURLoption option, T value) const {
    curl_easy_setopt(handle, option, value);
  }

  void set_headers(const Headers& wanted) {
    curl_slist_free_all(headers);
    headers = curl_slist_append(nullptr, "Expect:");  // a body of ours is not worth the wait
    for (const auto& [name, value] : wanted) {
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
    }
    set(CURLOPT_HTTPHEADER, headers);
  }

  void set_body(const HttpRequest& request) const {
    if (request.method == "GET") return;
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.method == "PUT" && request.body.empty()) return;  // without a type and a length
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }

  void set_way(const HttpRequest& request, HttpSettings& settings) const {
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500  // 7.85; Ubuntu 22.04 and RHEL 9 have less
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_NOSIGNAL, 1L);
    if (request.direct) set(CURLOPT_NOPROXY, "*");
    if (!request.direct && !settings.proxy.empty()) set(CURLOPT_PROXY, settings.proxy.c_str());
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's Date is not the server's
    if (!settings.ca_file.empty()) set(CURLOPT_CAINFO, settings.ca_file.c_str());
  }

  void set_limits(const HttpRequest& request, HttpSettings& settings) const {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.limit.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(request.limit, settings.connect_limit).count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stall_limit.count()));
    if (!settings.cancelled) return;
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, ask_whether_cancelled);
    set(CURLOPT_XFERINFODATA, &settings.cancelled);
  }
};

CurlHttp::CurlHttp(HttpSettings settings)
    : settings_(std::move(settings)), connection_(std::make_unique<Connection>()) {}

CurlHttp::~CurlHttp() = default;

Result<HttpAnswer> CurlHttp::send(const HttpRequest& request) {
  const Result<Url> url = check(request);
  if (!url) return url.error();
  HttpAnswer answer;
  Body body{answer.body, settings_.longest_body};
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_reset(connection_->handle);  // keeps the connections
  connection_->set_way(request, settings_);
  connection_->set_limits(request, settings_);
  connection_->set_headers(request.headers);
  connection_->set_body(request);
  connection_->set(CURLOPT_ERRORBUFFER, detail);
  connection_->set(CURLOPT_WRITEFUNCTION, take_body);
  connection_->set(CURLOPT_WRITEDATA, &body);
  connection_->set(CURLOPT_HEADERFUNCTION, take_header);
  connection_->set(CURLOPT_HEADERDATA, &answer.headers);
  const CURLcode code = curl_easy_perform(connection_->handle);
  connection_->set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  curl_easy_getinfo(connection_->handle, CURLINFO_RESPONSE_CODE, &answer.status);
  if (code == CURLE_OK) return answer;
  long connected = 0;
  curl_easy_getinfo(connection_->handle, CURLINFO_HTTP_CONNECTCODE, &connected);
  constexpr long kRefusing = 400;
  if (connected >= kRefusing) return HttpAnswer{connected, {}, "", /*of_proxy=*/true};
  return Error{kind_of(code), url->origin(),
               words_of(code, detail) + proxy_words(request, settings_, url->scheme)};
}

std::unique_ptr<Http> make_curl_http(HttpSettings settings) {
  return std::make_unique<CurlHttp>(std::move(settings));
}

}  // namespace efa
