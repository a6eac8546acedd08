#include "kernels/dense.h"

#include <cstdio>

#include "kernels/key.h"

namespace hardnet {

std::string FullyConnectedSpec::key() const {
    return Key("fully_connected").add("in", {in}).add("block", {block, lanes, tail}).add(activation).text;
}

std::vector<KernelParameter> FullyConnectedSpec::parameters() const {
    return {vector_of("X", in),
            {"U", {{1, block}, {block, in}, {block * in, 0}}},
            vector_of("bias"),
            vector_of("Y", tail, true)};
}

std::string NormalizeSpec::key() const {
    Key k("normalize");
    k.add("image", {height, width, bgr});
    for (size_t c = 0; c < mean.size(); c++) {
        char text[64];
        std::snprintf(text, sizeof text, "%a,%a", mean[c], deviation[c]);
        k.add("channel", text);
    }
    return k.text;
}

std::vector<KernelParameter> NormalizeSpec::parameters() const {
    return {{"X", {{1, planes()}, {planes(), width}, {planes() * width, height}}, false, 1},
            {"Y", {{1, width}, {width, height}, {width * height, planes()}}, true}};
}

}  // namespace hardnet
