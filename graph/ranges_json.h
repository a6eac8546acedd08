// What bounds a network's tensors as JSON, and back.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_text.h"
#include "graph/network.h"
#include "graph/ranges.h"

namespace hardnet {

// [{"layer": "base.1", "least": 0, "most": 6, "transformed": [{"m": 4, "most": [36 numbers]}]}], of the layers that have
// one; "transformed" where pictures have shown it, and "behind_norm", an object of the same where there is a norm in front.
nlohmann::ordered_json ranges_json(const Network &network, const Ranges &ranges);

// Of the list whose elements' pointers these are, for each of the network's layers. The first thing wrong becomes `error`,
// unless there is one already.
Ranges read_ranges(const JsonText &json, const std::vector<std::string> &elements, const Network &network,
                   std::optional<Error> &error);

}  // namespace hardnet
