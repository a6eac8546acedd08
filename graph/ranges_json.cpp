#include "graph/ranges_json.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_reader.h"
#include "base/text.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLeastTile = 2, kMostTile = 6;  // m of F(m x m)

// V of one m: its greatest magnitudes.
void read_transformed(const JsonText &json, const std::string &pointer, TensorRange &range,
                      std::optional<Error> &error) {
    JsonObjectReader reader(json, pointer, error);
    int m = 0;
    if (reader.has("m", true)) reader.read("m", m);
    if (m < kLeastTile || m > kMostTile)
        return reader.fail(reader.member("m"), fmt::format("expected an integer from {} to {}, found {}",
                                                           kLeastTile, kMostTile, m));
    std::vector<float> most(size_t((m + 2) * (m + 2)));
    if (reader.has("most", true)) reader.read("most", most);
    for (const float v : most)
        if (!(v >= 0 && std::isfinite(v)))
            reader.fail(reader.member("most"), "expected finite numbers from 0 on");
    range.transformed[m] = std::move(most);
    reader.finish();
}

// Of one object that holds it.
TensorRange read_range(const JsonText &json, JsonObjectReader &reader, std::optional<Error> &error) {
    double least = 0, most = 0;
    if (reader.has("least", true)) reader.read("least", least);
    if (reader.has("most", true)) reader.read("most", most);
    TensorRange range{{float(least), float(most)}};
    if (!(least <= 0 && most >= 0 && std::isfinite(range.interval.magnitude())))
        reader.fail(reader.member("least"),
                    "expected finite numbers, \"least\" at most 0 and \"most\" at least 0");
    if (reader.has("transformed"))
        for (const std::string &v : reader.elements("transformed")) read_transformed(json, v, range, error);
    return range;
}

void add_range(Json &json, const TensorRange &range) {
    json["least"] = range.interval.least;
    json["most"] = range.interval.most;
    for (const auto &[m, most] : range.transformed) json["transformed"].push_back({{"m", m}, {"most", most}});
}

}  // namespace

Json ranges_json(const Network &network, const Ranges &ranges) {
    Json list = Json::array();
    for (size_t l = 0; l < ranges.size(); l++) {
        if (!ranges[l]) continue;
        Json json = {{"layer", network.layers[l].name}};
        add_range(json, *ranges[l]);
        for (const TensorRange &range : ranges[l]->behind_norm) add_range(json["behind_norm"], range);
        list.push_back(json);
    }
    return list;
}

Ranges read_ranges(const JsonText &json, const std::vector<std::string> &elements, const Network &network,
                   std::optional<Error> &error) {
    Ranges ranges(network.layers.size());
    std::map<std::string, size_t> number_of;
    for (size_t l = 0; l < network.layers.size(); l++) number_of[network.layers[l].name] = l;
    for (const std::string &at : elements) {
        JsonObjectReader reader(json, at, error);
        std::string layer;
        if (reader.has("layer", true)) reader.read("layer", layer);
        TensorRange range = read_range(json, reader, error);
        if (reader.has("behind_norm")) {
            JsonObjectReader behind(json, reader.member("behind_norm"), error);
            range.behind_norm = {read_range(json, behind, error)};
            behind.finish();
        }
        reader.finish();
        const auto number = number_of.find(layer);
        if (number == number_of.end())
            reader.fail(reader.member("layer"), "expected a layer of the graph, found " + shown(layer));
        else
            ranges[number->second] = std::move(range);
    }
    return ranges;
}

}  // namespace hardnet
