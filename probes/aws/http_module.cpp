#include "probes/aws/http.h"

// found by its name in what was loaded
extern "C" const efa::HttpModule efa_doctor_http{efa::make_curl_http};  // NOLINT
