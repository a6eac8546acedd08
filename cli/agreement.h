// verify --pictures: what a package answers on pictures beside the float32 network, and beside the truth where that is
// known.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/scorers.h"
#include "package/loaded_package.h"

namespace hardnet {

struct AgreementSettings {
    std::vector<std::string> pictures;  // files
    std::string against;  // a package of the same network; "": the reference operators in double
    // Of segmentation a folder of masks of the pictures' names, grey, as `run --mask-ids` writes them; of detection a
    // file as `run --json` prints it; "": what pictures' names state of classification, else nothing.
    std::string truth;
    std::function<void(int done, int total, const std::string &what)> progress;
};

struct Agreement {
    int pictures = 0;
    double mean_rms = 0, worst_rms = 0;  // relative, of all outputs of a picture together
    std::string worst;                   // the picture
    std::vector<Score> scores;           // none of a network for raw tensors
};

Result<Agreement> agreement_of(LoadedPackage &loaded, const AgreementSettings &settings);

nlohmann::ordered_json json_of(const Agreement &agreement, const std::string &other);

// Lines for people; `other` names what the package is compared with.
std::string text_of(const Agreement &agreement, const std::string &other);

}  // namespace hardnet
