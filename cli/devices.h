// Which devices there are beside the CPU, or what is missing and how to get it: of `hardnet doctor`.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/inspect.h"

namespace hardnet {

nlohmann::ordered_json cuda_devices(const hardnet_host &host);
nlohmann::ordered_json opencl_devices(const hardnet_host &host);

// The same for a person, with a blank line in front.
std::string cuda_text(const nlohmann::ordered_json &cuda);
std::string opencl_text(const nlohmann::ordered_json &opencl);

}  // namespace hardnet
