#include "agent/cli/topology.h"

#include "agent/log/log.h"
#include "agent/pass/node_facts.h"
#include "agent/report/output.h"
#include "agent/report/topology.h"
#include "probes/base/exit_codes.h"

namespace efa {

int run_topology(const OnceOptions& options) {
  // none of them asks a device
  const Result<Looked> looked = look_at(options, {"pci", "topology", "gpu", "cloud"});
  if (!looked) {
    log_error("{}", message_of(looked.error()));
    return kExitUsage;
  }
  const Drawing drawing = draw(node_of(looked->runs, looked->recording.live));
  const std::string text = options.format == OutputFormat::kSvg
                               ? render_topology_svg(drawing)
                               : render_topology_text(drawing, style_of(options.output));
  return put_out(text, options.output);
}

}  // namespace efa
