#include "kernels/dense.h"

#include <cstdio>

#include "kernels/key.h"

namespace hardnet {

std::string FullyConnectedSpec::key() const {
    return Key("fully_connected").add("in", {in}).add("block", {block, lanes, tail}).add(activation).text;
}

std::string NormalizeSpec::key() const {
    Key k("normalize");
    k.add("image", {height, width, bgr});
    for (int c = 0; c < 3; c++) {
        char text[64];
        std::snprintf(text, sizeof text, "%a,%a", mean[c], deviation[c]);
        k.add("channel", text);
    }
    return k.text;
}

}  // namespace hardnet
