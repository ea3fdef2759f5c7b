// A file that a person names as a template: whether it is one of CloudFormation, and what it says.
#pragma once

#include <string>

#include "probes/base/result.h"
#include "probes/base/value.h"

namespace efa {

inline constexpr size_t kLongestTemplate = size_t{4} * 1024 * 1024;  // CloudFormation takes 1 MB
inline constexpr size_t kLongestPlan = size_t{32} * 1024 * 1024;     // as other JSON

enum class DocumentKind { kCloudFormation, kPlan };

struct Document {
  DocumentKind kind = DocumentKind::kCloudFormation;
  Value content;  // an object
};

// JSON or YAML. What is neither a template nor a plan of Terraform is malformed, with the word for
// what it is.
Result<Document> parse_document(const std::string& text, const std::string& where);

}  // namespace efa
