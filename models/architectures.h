// The kinds of network that a record may state: how each turns a record's numbers into layers.
#pragma once
#include <string>
#include <vector>

#include "models/layer_list.h"
#include "models/records.h"

namespace hardnet {

struct Architecture {
    const char *name;
    size_t stem;  // how many channel counts a record's `stem` has; 0: neither stem nor blocks are stated
    // Adds the layers; returns the outputs.
    std::vector<Output> (*build)(const ModelRecord &record, LayerList &list);
    bool transitions = true;  // the blocks' `transition` is stated; else the rule gives it
};

const std::vector<Architecture> &architectures();
const Architecture *find_architecture(const std::string &name);  // null: there is none

// Those of one file each.
std::vector<Architecture> hardnet_architectures();
std::vector<Architecture> hardnet_s_architectures();
std::vector<Architecture> segmentation_architectures();
std::vector<Architecture> detection_architectures();
std::vector<Architecture> rival_architectures();

}  // namespace hardnet
