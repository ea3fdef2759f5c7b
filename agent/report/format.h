// What a report can be written as. Each command has some of them.
#pragma once

#include "probes/base/word.h"

namespace efa {

enum class OutputFormat {
  kText,
  kJson,
  kPrometheus,
  kHealth,  // the health file, for the daemon
  kReason,  // one line, for schedulers
  kMarkdown,
  kSvg,
  kLines  // a JSON object a line
};

template <>
struct Words<OutputFormat> {
  static constexpr EnumWord<OutputFormat> kTable[] = {{OutputFormat::kText, "text"},
                                                      {OutputFormat::kJson, "json"},
                                                      {OutputFormat::kPrometheus, "prometheus"},
                                                      {OutputFormat::kHealth, "health"},
                                                      {OutputFormat::kReason, "reason"},
                                                      {OutputFormat::kMarkdown, "markdown"},
                                                      {OutputFormat::kSvg, "svg"},
                                                      {OutputFormat::kLines, "lines"}};
};

}  // namespace efa
