// Calls of AWS's APIs, signed: of EC2, IAM and STS a form is posted, answered in XML; of SSM JSON,
// answered in JSON; of S3 an object or a list is asked for. Below a rate of its own; where the
// service asks for fewer calls, it waits with full jitter until the time of all calls is over.
// Interface: EC2 API Reference, "Query requests", "Request throttling for the Amazon EC2 API",
// "Error codes"; AWS JSON 1.1 protocol (Smithy).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "probes/account/facts.h"
#include "probes/aws/signed_http.h"
#include "probes/aws/target.h"
#include "probes/base/value.h"

namespace efa {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Api {
  const char* service;
  const char* version;
  const char* target = "";          // of JSON: what its actions' names follow; "": forms
  const char* token = "NextToken";  // the parameter that asks for the next page
};
inline constexpr Api kEc2{.service = "ec2", .version = "2016-11-15"};
inline constexpr Api kIam{.service = "iam", .version = "2010-05-08", .token = "Marker"};
inline constexpr Api kSsm{.service = "ssm", .version = "2014-11-06", .target = "AmazonSSM"};
// Its actions are called as the rights for them.
inline constexpr Api kS3{.service = "s3", .version = "2006-03-01", .token = "continuation-token"};
inline constexpr Api kSts{.service = "sts", .version = "2011-06-15"};

struct Call {
  Api api;
  const char* action;
  Parameters parameters;  // of a form, of a query
  Object json = {};
  std::string key = {};  // of an object in the bucket; "" for the bucket
};

// The same call for the page that the token names.
Call next_page(const Call& call, const std::string& token);

// Why a call has no answer.
struct Refusal {
  SectionStatus status = SectionStatus::kFailed;
  std::string code;                               // the service's; "" when it gave none
  std::string words;                              // for people, printable
  std::optional<std::string> denied_action = {};  // "ec2:DescribeVolumes"
};

struct CallSettings {
  std::string region;
  std::string endpoint;        // "": that of AWS in the region; "http://127.0.0.1:5000"
  S3Target bucket = {};        // that S3 is asked about
  std::string bucket_region;   // "": the same
  int calls_a_second = 5;      // a quarter of what EC2 refills for an account
  int64_t limit_ms = 300'000;  // of all calls
  int64_t call_limit_ms = 30'000;
  std::function<void(const char* action)> before_each = [](const char* /*action*/) {};
};

class Calls {
 public:
  // `random` in [0, 1).
  Calls(CallSettings settings, SignedHttp& http, const Clock& clock,
        std::function<double()> random);

  // The body of an answer of success. After a refusal that concerns every call (a key that is not
  // taken), the same for all that follow, unasked.
  std::variant<std::string, Refusal> ask(const Call& call);

  // That refusal; null when there was none.
  [[nodiscard]] const Refusal* end_of_all() const { return ended_ ? &refusal_ : nullptr; }
  [[nodiscard]] int64_t server_time_ms() const;
  // What the keys in the bucket begin with: "" or "a/b/".
  [[nodiscard]] std::string prefix() const {
    const std::string& prefix = settings_.bucket.prefix;
    return prefix.empty() ? "" : prefix + "/";
  }
  [[nodiscard]] int sent() const { return sent_; }

 private:
  [[nodiscard]] SignedRequest request_of(const Call& call, const std::string& body) const;
  // What the answer is worth: the refusal, when it is none of success.
  std::variant<std::string, Refusal> ask_once(const Call& call, bool& may_pass);
  std::variant<std::string, Refusal> end(Refusal refusal);
  [[nodiscard]] SignedRequest request_of_object(const Call& call) const;
  // S3 says in which region a bucket is.
  bool correct_region(const Call& call, const HttpAnswer& answer, const ServiceError& error);
  void keep_rate(const Call& call);
  [[nodiscard]] int64_t left_ms() const;

  CallSettings settings_;
  SignedHttp& http_;
  const Clock& clock_;
  std::function<double()> random_;
  int64_t end_ms_;       // of clock.steady_ms
  int64_t next_ms_ = 0;  // when the rate allows the next
  int sent_ = 0;
  bool region_corrected_ = false;
  bool ended_ = false;
  Refusal refusal_;
};

}  // namespace efa
