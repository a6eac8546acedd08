// The built-in networks for tests: a failure to build one is a broken test program.
#pragma once
#include <stdexcept>
#include <string>

#include "models/records.h"

namespace hardnet::testing {

inline ModelRecord record(const std::string &name) {
    Result<ModelRecord> found = find_record(name);
    if (!found) throw std::runtime_error(found.error().what);
    return *found;
}

inline Network network(const std::string &name, InputSize size = {224, 224}) {
    Result<Network> built = build_network(record(name), size);
    if (!built) throw std::runtime_error(built.error().what);
    return *built;
}

inline Layer layer(const Network &network, const std::string &name) {
    for (const Layer &layer : network.layers) {
        if (layer.name == name) return layer;
    }
    throw std::runtime_error(network.name + " has no layer " + name);
}

}  // namespace hardnet::testing
