#include "tests/reports/public_report.h"

#include <algorithm>

namespace efa {

PublicReports public_reports() {
  PublicReports all;
  for (const auto& reports :
       {reports_of_attachment(), reports_of_drivers(), reports_of_gpus(), reports_of_jobs()}) {
    all.insert(all.end(), reports.begin(), reports.end());
  }
  std::sort(all.begin(), all.end(), [](const PublicReport& one, const PublicReport& other) {
    return one.number < other.number;
  });
  return all;
}

}  // namespace efa
