// The networks as records of a few lines, and the rule that turns a record into a network.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/mask.h"
#include "graph/network.h"

namespace hardnet {

constexpr int kSsdSources = 7;  // of SSD512

struct BlockRecord {  // a HarDBlock and the 1x1 transition behind it
    int growth_rate = 0;
    int layers = 0;
    int transition = 0;  // output channels of the 1x1; 0 in architectures whose rule gives them
    bool downsample = false;
};

struct ModelRecord {
    std::string name;
    std::string architecture = "hardnet";  // models/architectures.h
    int input_planes = 3;                  // of the image: docs/networks.md
    std::vector<int> stem;                 // channels of the convolutions in front
    int stem_kernel = 3;                   // hardnet: of the second
    double multiplier = 1.7;               // grmul
    bool depthwise = false;                // hardnet, DS: 1x1 + depthwise 3x3 layers, depthwise downsampling
    std::vector<BlockRecord> blocks;
    int bridge = 0;  // ssd_hardnet: channels of the bridge's 3x3; 0: as its input has, dilated
    int sources =
        kSsdSources;  // SSD: maps that boxes are told on, 2 to 7; from the third on behind extra layers
    Activation activation = Activation::kRelu6;
    std::optional<Activation> block_activation;  // of the layers inside blocks; not set: as everywhere
    bool states_activation = false;              // read from JSON that has one of the two
    bool dropout_behind_last_block = false;      // hardnet85: takes an index in `base`, does nothing
    bool mask = false;  // segmentation: gives the class of each pixel in place of the logits
    double threshold =
        kMaskThreshold;  // of a mask of one class: the probability above which a pixel is of it
    int classes = 1000;
    InputSize input{224, 224};  // default
    Preprocessing preprocessing;
    std::vector<std::string> class_names;  // optional
};

// The record with so many classes; the names of another number of them are dropped.
void set_classes(ModelRecord &record, int classes);

const std::vector<ModelRecord> &builtin_records();

// A built-in name, or the path of a JSON record ("name.json"). An unknown name is an error that lists the
// names.
Result<ModelRecord> find_record(const std::string &name_or_path);

// JSON as in digits.json: `name` is required, `stem` and `blocks` too where the architecture has them, `growth_rate`,
// `layers` and mostly `transition` of each block, the rest defaults as above; ends with a newline.
std::string to_json(const ModelRecord &record);
Result<ModelRecord> record_from_json(const std::string &text, const std::string &file_name);

// A record's "preprocessing" alone, within its bounds; what is left out is as in `preprocessing`.
Result<Preprocessing> preprocessing_from_json(const std::string &text, const std::string &file_name,
                                              const Preprocessing &preprocessing);

// Every field within the bounds that keep all later arithmetic exact; both functions around it ask this
// first.
Status check_record(const ModelRecord &record);

// Paper section 3.1 (HarDBlock) and the authors' released layouts. Fails where a layer would have no extent
// or a tensor would pass 2^31 - 1 elements.
Result<Network> build_network(const ModelRecord &record, InputSize size);

}  // namespace hardnet
