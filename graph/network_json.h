// A graph as JSON, and back: what a package records of the network that it computes.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_text.h"
#include "graph/network.h"

namespace hardnet {

// {"name", "input": [channels, height, width], "layers": [...], "outputs": [...]}. A layer reads others by their number, the
// network's input by -1; what is as in a Layer{} is left out. Not in it: preprocessing and classes.
nlohmann::ordered_json graph_json(const Network &network);

// Whether two networks are the same apart from their names, weights and outputs.
bool same_layers(const Network &a, const Network &b);

// Of the object that `pointer` names. The first thing wrong becomes `error`, unless there is one already; what is read
// without one passes check_network().
Network read_graph(const JsonText &json, const std::string &pointer, std::optional<Error> &error);

}  // namespace hardnet
