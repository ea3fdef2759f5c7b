// Each source of credentials. Interface: AWS SDKs and Tools Reference Guide, "Standardized
// credential providers".

#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>

#include "probes/aws/credential_chain.h"
#include "probes/aws/metadata.h"
#include "probes/aws/percent.h"
#include "probes/aws/service_error.h"
#include "probes/aws/sts.h"
#include "probes/aws/target.h"
#include "probes/base/files.h"
#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

constexpr size_t kMaxFile = size_t{256} * 1024;
constexpr std::chrono::milliseconds kLocalLimit{2'000};     // a service of this machine
constexpr std::chrono::milliseconds kRegionalLimit{5'000};  // STS

Error not_set_up(const char* source) {
  return {ErrorKind::kNotFound, source, "not set up"};
}

std::string credentials_path(const Environment& environment) {
  const std::string path = environment("AWS_SHARED_CREDENTIALS_FILE");
  return !path.empty() ? path : environment("HOME") + "/.aws/credentials";
}

std::string config_path(const Environment& environment) {
  const std::string path = environment("AWS_CONFIG_FILE");
  return !path.empty() ? path : environment("HOME") + "/.aws/config";
}

std::string profile_name(const Environment& environment, const std::string& profile) {
  if (!profile.empty()) return profile;
  const std::string name = environment("AWS_PROFILE");
  return name.empty() ? "default" : name;
}

Result<Profile> read_profile(const std::string& path, const std::string& name) {
  const Result<std::string> text = read_file(path, kMaxFile);
  if (!text) return text.error();
  return parse_profile(*text, name, path);
}

// The token in the variable, or in the file that the other one names (EKS renews that file).
Result<std::string> authorization_token(const Environment& environment) {
  const std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (path.empty()) return environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const Result<std::string> text = read_file(path, kMaxFile);
  if (!text) return Error{ErrorKind::kDenied, "container credentials", message_of(text.error())};
  return std::string(trim(*text));
}

Result<std::string> sts_endpoint(const Environment& environment, const std::string& region) {
  constexpr const char* kVariable = "AWS_ENDPOINT_URL_STS";
  const std::string own = environment(kVariable);
  if (!own.empty()) {
    const Result<Url> server = parse_server(own, kVariable);
    return server ? Result<std::string>(server->origin()) : server.error();
  }
  if (!is_region(region)) return std::string("https://sts.amazonaws.com");
  return "https://sts." + region + "." + domain_of_region(region);
}

// What was asked has to be put right, or passes by itself.
ErrorKind kind_of_status(long status) {
  const bool refused = status >= 400 && status < 500 && status != 408 && status != 429;
  return refused ? ErrorKind::kDenied : ErrorKind::kInputOutput;
}

// IAM: letters, digits and "+=,.@_-", at most 64. It becomes part of a path.
bool is_role_name(const std::string& name) {
  constexpr size_t kLongest = 64;
  return name.size() <= kLongest && name != "." && name != ".." && is_made_of(name, "+=,.@_-");
}

// "" is no session name; STS takes letters, digits and "=,.@-_", at most 64
std::string session_name(const Environment& environment) {
  const std::string name = environment("AWS_ROLE_SESSION_NAME");
  return name.empty() ? "efa-doctor" : name;
}

}  // namespace

Result<Credentials> credentials_of_environment(const Environment& environment) {
  Credentials credentials;
  credentials.access_key_id = environment("AWS_ACCESS_KEY_ID");
  credentials.secret_access_key = Secret(environment("AWS_SECRET_ACCESS_KEY"));
  credentials.session_token = Secret(environment("AWS_SESSION_TOKEN"));
  credentials.source = "the environment";
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return not_set_up("environment");
  }
  return credentials;
}

Result<Credentials> credentials_of_files(const Environment& environment,
                                         const std::string& profile) {
  const std::string name = profile_name(environment, profile);
  const bool asked_for = name != "default" || !profile.empty();
  Error last = not_set_up("shared files");
  for (const std::string& path : {credentials_path(environment), config_path(environment)}) {
    const Result<Profile> found = read_profile(path, name);
    if (!found) {
      if (found.error().kind == ErrorKind::kMalformed) return found.error();
      last = found.error();
      continue;
    }
    if (found->credentials) return *found->credentials;
    if (!found->unsupported.empty()) {
      return Error{ErrorKind::kMalformed, path,
                   "profile '" + name + "' uses " + found->unsupported +
                       ", which is not supported; keys, a container endpoint, a web identity or "
                       "an instance role are"};
    }
  }
  if (asked_for) return Error{ErrorKind::kDenied, "profile '" + name + "'", message_of(last)};
  return Error{ErrorKind::kNotFound, "shared files", message_of(last)};
}

std::string region_of_files(const Environment& environment, const std::string& profile) {
  const std::string name = profile_name(environment, profile);
  for (const std::string& path : {config_path(environment), credentials_path(environment)}) {
    const Result<Profile> found = read_profile(path, name);
    if (found && !found->region.empty()) return found->region;
  }
  return "";
}

bool is_allowed_container_url(const std::string& text) {
  const Result<Url> url = parse_url(text, "container credentials");
  if (!url || !url->userinfo.empty()) return false;
  if (url->scheme == "https") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, url->host.c_str(), &v4) == 1) {
    const bool loopback = ntohl(v4.s_addr) >> 24U == 127;
    return url->scheme == "http" &&
           (loopback || url->host == "169.254.170.2" || url->host == "169.254.170.23");
  }
  return url->scheme == "http" &&
         (url->host == "localhost" || url->host == "[::1]" || url->host == "[fd00:ec2::23]");
}

Result<Credentials> credentials_of_container(const Environment& environment, Http& http) {
  const std::string source = "container credentials";
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string url = !relative.empty() ? "http://169.254.170.2" + relative
                                            : environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (url.empty()) return not_set_up("container credentials");
  if (!relative.empty() && !relative.starts_with('/')) {
    return Error{ErrorKind::kDenied, source,
                 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'"};
  }
  if (!is_allowed_container_url(url)) {
    return Error{ErrorKind::kDenied, source,
                 "the address in AWS_CONTAINER_CREDENTIALS_*_URI is neither https nor a service of "
                 "this host"};
  }
  const Result<std::string> token = authorization_token(environment);
  if (!token) return token.error();
  HttpRequest request;
  request.url = url;
  request.limit = kLocalLimit;
  request.direct = true;
  if (!token->empty()) request.headers.emplace_back("authorization", *token);
  const Result<HttpAnswer> answer = http.send(request);
  if (!answer) return Error{ErrorKind::kInputOutput, source, message_of(answer.error())};
  if (answer->status != 200) {
    return Error{kind_of_status(answer->status), source,
                 "HTTP status " + std::to_string(answer->status)};
  }
  return parse_credentials_json(answer->body, source);
}

Result<Credentials> credentials_of_web_identity(const Environment& environment,
                                                const std::string& region, Http& http) {
  const std::string role = environment("AWS_ROLE_ARN");
  const std::string token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (role.empty() || token_file.empty()) return not_set_up("web identity");
  const std::string source = "web identity of " + role;
  const Result<std::string> token = read_file(token_file, kMaxFile);
  if (!token) return Error{ErrorKind::kDenied, source, message_of(token.error())};
  const Result<std::string> endpoint = sts_endpoint(environment, region);
  if (!endpoint) return Error{ErrorKind::kDenied, source, message_of(endpoint.error())};
  const Secret form("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" +
                    percent_encoded(role, false) +
                    "&RoleSessionName=" + percent_encoded(session_name(environment), false) +
                    "&WebIdentityToken=" + percent_encoded(trim(*token), false));
  HttpRequest request;
  request.method = "POST";
  request.url = *endpoint + "/";
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = form.reveal();
  request.limit = kRegionalLimit;
  const Result<HttpAnswer> answer = http.send(request);
  if (!answer) return Error{ErrorKind::kInputOutput, source, message_of(answer.error())};
  if (answer->status == 200) return parse_assumed_role(answer->body, source);
  const ServiceError error = parse_service_error(answer->body);
  return Error{kind_of_status(answer->status), source,
               "STS said HTTP status " + std::to_string(answer->status) + " " + error.code + " " +
                   error.message};
}

Result<Credentials> credentials_of_instance(const ChainSettings& settings) {
  if (settings.metadata_endpoint.empty()) {
    return Error{ErrorKind::kNotFound, "instance role", "this is not an EC2 instance", ENODEV};
  }
  Metadata metadata(settings.metadata_endpoint,
                    std::chrono::steady_clock::now() + settings.metadata_budget, make_curl_http);
  const Result<Done> session = metadata.start_session();
  if (!session) return session.error();
  const std::string path = "iam/security-credentials/";
  const Result<std::string> roles = metadata.get(path);
  if (!roles && roles.error().os_error == ENOENT) {
    return Error{ErrorKind::kNotFound, "instance role", "the instance has none"};
  }
  if (!roles) return roles.error();
  const std::vector<std::string> names = words(*roles);
  if (names.empty()) return Error{ErrorKind::kNotFound, "instance role", "the instance has none"};
  if (!is_role_name(names[0])) {
    return Error{ErrorKind::kMalformed, "instance role", "the metadata names none"};
  }
  const Result<std::string> json = metadata.get_document(path + names[0]);
  if (!json) return json.error();
  return parse_credentials_json(*json, "instance role " + names[0]);
}

}  // namespace efa
