#include "probes/aws/credential_chain.h"

namespace efa {
namespace {

constexpr int64_t kBeforeExpiryMs = int64_t{5} * 60 * 1000;  // new ones are there by then
constexpr int64_t kBetweenQuestionsMs = 30'000;              // while old ones still serve

Error none_of(const Error& last) {
  return {ErrorKind::kNotFound, "no credentials",
          "none in the environment, a web identity, shared files, a container or an instance "
          "role (" +
              message_of(last) + ")",
          last.os_error};
}

}  // namespace

CredentialChain::CredentialChain(ChainSettings settings, Environment environment, Http& http)
    : settings_(std::move(settings)), environment_(std::move(environment)), http_(http) {}

Result<Credentials> CredentialChain::ask() {
  // a profile that the configuration names is meant, whatever the environment holds
  if (!settings_.profile.empty()) return credentials_of_files(environment_, settings_.profile);
  const std::function<Result<Credentials>()> sources[] = {
      [this] { return credentials_of_environment(environment_); },
      [this] { return credentials_of_web_identity(environment_, settings_.region, http_); },
      [this] { return credentials_of_files(environment_, ""); },
      [this] { return credentials_of_container(environment_, http_); },
      [this] { return credentials_of_instance(settings_); },
  };
  Error last;
  for (const auto& source : sources) {
    Result<Credentials> found = source();
    if (found || found.error().kind != ErrorKind::kNotFound) return found;
    last = found.error();
  }
  return none_of(last);
}

Result<Credentials> CredentialChain::current(int64_t now_ms) {
  if (!held_) return renewed(now_ms);
  if (!held_->expires_at_ms || now_ms < *held_->expires_at_ms - kBeforeExpiryMs) return *held_;
  const bool expired = now_ms >= *held_->expires_at_ms;
  if (!expired && now_ms < asked_at_ms_ + kBetweenQuestionsMs) return *held_;
  Result<Credentials> fresh = renewed(now_ms);
  if (!fresh && !expired) return *held_;
  return fresh;
}

Result<Credentials> CredentialChain::renewed(int64_t now_ms) {
  asked_at_ms_ = now_ms;
  Result<Credentials> found = ask();
  if (found) found = sendable(*found);
  if (found) held_ = *found;
  return found;
}

}  // namespace efa
