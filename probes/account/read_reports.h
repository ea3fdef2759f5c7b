// Reads the newest reports of nodes out of a directory or a bucket.
#pragma once

#include <string>

#include "probes/account/node_reports.h"
#include "probes/account/pages.h"

namespace efa {

bool is_in_s3(const std::string& source);
// `source`: a directory, or "s3://bucket/prefix", which is that of the calls' settings and below
// which latest/ is read.
void read_node_reports(Calls& calls, const std::string& source, Kind& kind, NodeReports& reports);

}  // namespace efa
