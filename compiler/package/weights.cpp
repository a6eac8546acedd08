#include "compiler/package/weights.h"

#include <algorithm>

#include "compiler/package/prepack.h"
#include "compiler/package/text_file.h"
#include "weights/safetensors_writer.h"

namespace hardnet {
namespace fs = std::filesystem;

std::string weights_content(const Network &network, const FoldedWeights &weights) {
    std::string values;
    for (size_t l = 0; l < network.layers.size(); l++) {
        for (const FloatTensor *t : weights.layers[l].tensors(network.layers[l]))
            values.append(reinterpret_cast<const char *>(t->values.data()), t->values.size() * sizeof(float));
    }
    return content_hash(values);
}

Status write_weights(const PackageContents &a, const fs::path &folder, Manifest &manifest) {
    const std::string content = weights_content(a.model.network, a.model.weights);
    const fs::path path = folder / (a.name + ".safetensors");
    if (Status s = write_folded(path.string(), a.model.network, a.model.weights,
                                {{"content", content}, {"network", a.name}});
        !s)
        return s;
    auto file = read_text(path);
    if (!file) return file.error();
    manifest.weights_hash = content_hash(*file);
    const Package package{folder.string(), manifest};
    if (!a.model.priors.values.empty())
        if (Status s = write_tensors(package.priors_path(), {{"priors", &a.model.priors}}, {}); !s) return s;
    for (const Plan &plan : a.plans) {
        const std::string &level = plan.machine->level;
        if (!std::count(a.options.prepack.begin(), a.options.prepack.end(), level)) continue;
        if (Status s = write_prepacked(package.prepacked_path(level), a.name, a.model.network, plan,
                                       path.string(), content);
            !s)
            return s;
    }
    return ok();
}

}  // namespace hardnet
