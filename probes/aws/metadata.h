// The instance metadata service, version 2 only: a session token first, then plain texts by path.
// Interface: EC2 User Guide, "Use IMDSv2".
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "probes/aws/http.h"
#include "probes/base/result.h"

namespace efa {

inline constexpr const char* kMetadataEndpoint = "http://169.254.169.254";

class Metadata {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Nothing is asked of the service after the deadline.
  Metadata(std::string endpoint, Deadline deadline, MakeHttp make_http);

  Result<Done> start_session();
  // The same session over a connection of its own, for a thread of its own.
  [[nodiscard]] Metadata another_connection() const;
  // The text below /latest/meta-data/; kNotFound when the service has none of that name.
  Result<std::string> get(const std::string& path);
  // The same for a text that is no plain value, such as the JSON of a role's credentials.
  Result<std::string> get_document(const std::string& path);

 private:
  Result<std::string> ask(const std::string& path, bool for_token);

  std::string endpoint_;
  Deadline deadline_;
  std::string token_;
  MakeHttp make_http_;
  std::unique_ptr<Http> http_;
};

// Values are short words; a body with anything else in it is no answer of the service.
bool is_metadata_text(const std::string& text);

}  // namespace efa
