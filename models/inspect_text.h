// A network's measures as text: what `hardnet list` and `hardnet inspect` print.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/network.h"

namespace hardnet {

enum class InspectFormat { kTable, kJson, kCsv, kScaleSim };

// "table", "json", "csv" or "scale-sim".
Result<InspectFormat> inspect_format(const std::string &name);

// A further column of the caller's, such as the algorithm per layer: one cell per layer of the network.
struct InspectColumn {
    std::string title;
    std::vector<std::string> cells;
};

// With `layers` one row per layer in front of the total. SCALE-Sim's topology always lists the layers, and
// only those that it knows: convolutions and the classifier. Ends with a newline.
std::string inspect_text(const Network &network, InspectFormat format, bool layers,
                         const std::vector<InspectColumn> &extra = {});

// One line per network under a header line: name, input, parameters, MACs, CIO.
std::string list_text(const std::vector<Network> &networks);

// An array of the same, with the keys that inspect's JSON has for them.
std::string list_json(const std::vector<Network> &networks);

}  // namespace hardnet
