#include "models/architectures.h"

namespace hardnet {

const std::vector<Architecture> &architectures() {
    static const std::vector<Architecture> all = [] {
        std::vector<Architecture> result;
        for (const auto &family :
             {hardnet_architectures(), hardnet_s_architectures(), segmentation_architectures(),
              detection_architectures(), rival_architectures()})
            result.insert(result.end(), family.begin(), family.end());
        return result;
    }();
    return all;
}

const Architecture *find_architecture(const std::string &name) {
    for (const Architecture &architecture : architectures()) {
        if (name == architecture.name) return &architecture;
    }
    return nullptr;
}

}  // namespace hardnet
