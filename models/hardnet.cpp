// HarDNet's classifiers, laid out as the authors released them.
#include <fmt/core.h>

#include "models/architectures.h"
#include "models/backbone.h"

namespace hardnet {
namespace {

std::vector<Output> build_hardnet(const ModelRecord &record, LayerList &list) {
    int index = 0;  // in the authors' module list `base`
    const auto next = [&] { return fmt::format("base.{}", index++); };
    const auto downsample = [&](int pool_kernel, int pool_padding) {
        downsample_by(list, record, next(), [&](const std::string &name) {
            list.max_pool(name, list.last(), pool_kernel, 2, pool_padding);
        });
    };

    list.conv(conv_names(next()), {kNetworkInput}, {record.stem[0], 3, 2, record.activation});
    list.conv(conv_names(next()), {list.last()}, {record.stem[1], record.stem_kernel, 1, record.activation});
    downsample(3, 1);
    for (size_t b = 0; b < record.blocks.size(); b++) {
        const std::vector<int> outputs = hardnet_block(list, next(), record, record.blocks[b]);
        if (record.dropout_behind_last_block && b + 1 == record.blocks.size()) index++;
        list.conv(conv_names(next()), outputs, {record.blocks[b].transition, 1, 1, record.activation});
        if (record.blocks[b].downsample) downsample(2, 0);
    }
    const std::string head = next();
    list.global_average_pool(head + ".0", {list.last()});
    // 1 and 2 are Flatten and Dropout.
    list.fully_connected(head + ".3", list.last(), record.classes, Activation::kNone);
    return {{"logits", {list.last()}}};
}

}  // namespace

std::vector<Architecture> hardnet_architectures() { return {{"hardnet", 2, build_hardnet}}; }

}  // namespace hardnet
