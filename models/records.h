// The HarDNet variants as records of a few lines, and the rule that turns a record into a network.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "models/network.h"

namespace hardnet {

struct BlockRecord {  // a HarDBlock and the 1x1 transition behind it
    int growth_rate = 0;
    int layers = 0;
    int transition = 0;  // output channels of the 1x1
    bool downsample = false;
};

struct HardnetRecord {
    std::string name;
    int stem[2] = {0, 0};     // channels of base.0 (3x3 stride 2) and base.1
    int stem_kernel = 3;      // of base.1
    double multiplier = 1.7;  // grmul
    bool depthwise = false;   // DS: 1x1 + depthwise 3x3 layers, depthwise downsampling; else 3x3, max pooling
    std::vector<BlockRecord> blocks;
    Activation activation = Activation::kRelu6;
    std::optional<Activation> block_activation;  // of the layers inside blocks; not set: as everywhere
    bool states_activation = false;              // read from JSON that has one of the two
    bool dropout_behind_last_block = false;      // hardnet85: takes an index in `base`, does nothing
    int classes = 1000;
    InputSize input{224, 224};  // default
    Preprocessing preprocessing;
    std::vector<std::string> class_names;  // optional
};

const std::vector<HardnetRecord> &builtin_records();

// A built-in name, or the path of a JSON record ("name.json"). An unknown name is an error that lists the
// names.
Result<HardnetRecord> find_record(const std::string &name_or_path);

// JSON as in digits.json: `name`, `stem` and `blocks` are required, the rest defaults as above; ends with a
// newline.
std::string to_json(const HardnetRecord &record);
Result<HardnetRecord> record_from_json(const std::string &text, const std::string &file_name);

// Every field within the bounds that keep all later arithmetic exact; both functions around it ask this
// first.
Status check_record(const HardnetRecord &record);

// Paper section 3.1 (HarDBlock) and the authors' released layouts. Fails where a layer would have no extent
// or a tensor would pass 2^31 - 1 elements.
Result<Network> build_network(const HardnetRecord &record, InputSize size);

}  // namespace hardnet
