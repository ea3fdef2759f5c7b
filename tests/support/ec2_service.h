// EC2, SSM, IAM and STS as far as a fleet is asked for, in memory: answers out of facts, in pages,
// and refuses as told.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/aws/http.h"

namespace efa {

// The parameters of a form, decoded. Of JSON its "Action", and the "Json".
using Form = std::map<std::string, std::string>;

class Ec2Service final : public Http {
 public:
  explicit Ec2Service(AccountFacts facts) : facts_(std::move(facts)) {}

  // Asked before every answer; nullopt: as the facts say.
  std::function<std::optional<HttpAnswer>(const Form&)> instead = [](const Form&) {
    return std::nullopt;
  };
  size_t page_size = 1'000;  // at most, of any list
  std::vector<Form> asked;

  Result<HttpAnswer> send(const HttpRequest& request) override;
  [[nodiscard]] size_t count(const std::string& action) const;

 private:
  [[nodiscard]] std::string answer_to(const Form& form) const;
  [[nodiscard]] std::string answer_of_ec2(const Form& form) const;
  [[nodiscard]] std::string answer_of_iam(const Form& form) const;
  [[nodiscard]] std::string answer_of_ssm(const Form& form) const;
  AccountFacts facts_;
};

HttpAnswer ec2_refusal(long status, const std::string& code);
// As SSM refuses.
HttpAnswer json_refusal(const std::string& code);

}  // namespace efa
