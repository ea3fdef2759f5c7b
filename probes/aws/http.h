// HTTP as the metadata service, credential services and S3 need it: one request, one bounded
// answer, no redirects followed. Connections are kept and used again by the same client.
// What a failure says holds no user and no password, whatever stands in the settings of a proxy.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/base/result.h"

namespace efa {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // percent-encoded: sent as it stands
  Headers headers;
  std::string_view body = {};
  std::chrono::milliseconds limit{30'000};  // from start to end
  bool direct = false;                      // past any proxy: a service of this machine
};

struct HttpAnswer {
  long status = 0;  // of the server, or of a proxy that would not connect to it
  Headers headers;  // names in lower case
  std::string body;
  bool of_proxy = false;  // nothing was asked of the server

  // The value of that header (name in lower case), or "".
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct HttpSettings {
  std::string ca_file;  // "": the system's
  std::string proxy;    // "": as the environment says (https_proxy, no_proxy)
  std::chrono::milliseconds connect_limit{3'000};
  std::chrono::seconds stall_limit{10};     // no byte moved for so long
  size_t longest_body = size_t{64} * 1024;  // metadata and error texts have some KiB
  std::function<bool()> cancelled;          // asked now and then while a request runs
};

class Http {
 public:
  virtual ~Http() = default;
  // An answer of any status is an answer; an error means that there was none:
  // kTimedOut, kNotFound (nobody answered), kTooLarge (longer than the settings allow), kMalformed
  // (no HTTP, no TLS, nothing that may be sent), kDenied (its certificate is not trusted),
  // kInputOutput (stopped).
  virtual Result<HttpAnswer> send(const HttpRequest& request) = 0;
};

using MakeHttp = std::function<std::unique_ptr<Http>(HttpSettings)>;

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(HttpSettings settings);
  CurlHttp(const CurlHttp&) = delete;
  CurlHttp& operator=(const CurlHttp&) = delete;
  ~CurlHttp() override;

  Result<HttpAnswer> send(const HttpRequest& request) override;

 private:
  struct Connection;
  HttpSettings settings_;
  std::unique_ptr<Connection> connection_;
};

std::unique_ptr<Http> make_curl_http(HttpSettings settings);

// libcurl comes with some 35 libraries, so it lies in a module, http.so beside the probes, that is
// loaded where a service is asked: what the module has, under its one name.
struct HttpModule {
  std::unique_ptr<Http> (*make)(HttpSettings settings);
};
inline constexpr const char* kHttpModule = "efa_doctor_http";
// `path`: of the module. The error is the loader's, which names the file.
Result<MakeHttp> load_http(const std::string& path);

}  // namespace efa
