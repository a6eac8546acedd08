// What `list` and `inspect` print, on the smallest network of both families.
#include "models/inspect_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/models/networks.h"

namespace hardnet {
namespace {

Network tiny(bool depthwise) {
    ModelRecord record;
    record.name = "tiny";
    record.stem = {4, 8};
    record.depthwise = depthwise;
    record.stem_kernel = depthwise ? 1 : 3;
    record.blocks = {{4, 2, 16, false}};
    record.classes = 10;
    Result<Network> network = build_network(record, {16, 24});
    if (!network) throw std::runtime_error(network.error().what);
    return *network;
}

std::vector<std::string> lines_of(const std::string &text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

TEST(InspectText, Table) {
    EXPECT_EQ(inspect_text(tiny(false), InspectFormat::kTable, true),
              "layer            operator         input    output  parameters  MMACs  CIO M   MoC\n"
              "base.0           conv 3x3/2       3x16x24  4x8x12         116   0.01  0.002   6.8\n"
              "base.1           conv 3x3         4x8x12   8x8x12         304   0.03  0.001  24.0\n"
              "base.2           max pool 3x3/2   8x8x12   8x4x6            0   0.00  0.000     -\n"
              "base.3.layers.0  conv 3x3         8x4x6    4x4x6          296   0.01  0.000  24.0\n"
              "base.3.layers.1  conv 3x3         12x4x6   6x4x6          660   0.02  0.000  36.0\n"
              "base.4           conv 1x1         10x4x6   16x4x6         192   0.00  0.001   6.2\n"
              "base.5.0         average pool     16x4x6   16x1x1           0   0.00  0.000     -\n"
              "base.5.3         fully connected  16x1x1   10x1x1         170   0.00  0.000     -\n"
              "tiny             8 layers         3x16x24  10x1x1        1738   0.06  0.004  16.0\n"
              "\n"
              "MoC of a convolution: min 6.2, median 24.0\n"
              "concatenation by copy would move 0.001 M elements\n");
}

TEST(InspectText, TableOfTheTotalAlone) {
    const std::vector<std::string> lines = lines_of(inspect_text(tiny(false), InspectFormat::kTable, false));
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[1], "tiny   8 layers  3x16x24  10x1x1        1738   0.06  0.004  16.0");
}

TEST(InspectText, Csv) {
    const Network network = tiny(true);
    std::vector<std::string> cells(network.layers.size(), "direct");
    cells[1] = "4x \"fast\", tiled";
    const std::vector<std::string> lines =
        lines_of(inspect_text(network, InspectFormat::kCsv, true, {{"algorithm", cells}}));
    ASSERT_EQ(lines.size(), network.layers.size() + 2);
    EXPECT_EQ(lines[0], "layer,operator,input,output,parameters,macs,cio,moc,concat,algorithm");
    EXPECT_EQ(lines[1], "base.0,conv 3x3/2,3x16x24,4x8x12,116,10368,1536,6.75,0,direct");
    EXPECT_EQ(lines[2], "base.1,conv 1x1,4x8x12,8x8x12,48,3072,1152,2.66667,0,\"4x \"\"fast\"\", tiled\"");
    EXPECT_EQ(lines[3], "base.2,depthwise 3x3/2,8x8x12,8x4x6,88,1728,960,1.8,0,direct");
    EXPECT_EQ(lines.back().substr(0, 26), "total,,3x16x24,10x1x1,848,");
    EXPECT_EQ(lines.back().back(), ',');
}

TEST(InspectText, Json) {
    const Network network = testing::network("hardnet68");
    const std::vector<std::string> cells(network.layers.size(), "direct");
    const auto root =
        nlohmann::json::parse(inspect_text(network, InspectFormat::kJson, true, {{"algorithm", cells}}));
    EXPECT_EQ(root["name"], "hardnet68");
    EXPECT_EQ(root["input"], nlohmann::json({3, 224, 224}));
    EXPECT_EQ(root["parameters"], 17565348);
    EXPECT_EQ(root["layers"].size(), network.layers.size());
    EXPECT_EQ(root["layers"][4]["name"], "base.3.layers.1");
    EXPECT_EQ(root["layers"][4]["sources"], nlohmann::json({"base.3.layers.0", "base.2"}));
    EXPECT_EQ(root["layers"][4]["output"], nlohmann::json({24, 56, 56}));
    EXPECT_EQ(root["layers"][4]["algorithm"], "direct");
    EXPECT_EQ(root["layers"][0]["sources"], nlohmann::json({"input"}));
    int64_t macs = 0;
    for (const auto &layer : root["layers"]) macs += layer["macs"].get<int64_t>();
    EXPECT_EQ(root["macs"], macs);
    EXPECT_FALSE(
        nlohmann::json::parse(inspect_text(network, InspectFormat::kJson, false)).contains("layers"));
}

TEST(InspectText, ScaleSim) {
    EXPECT_EQ(
        inspect_text(tiny(true), InspectFormat::kScaleSim, false),
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
        "base.0,17,25,3,3,3,4,2,\n"
        "base.1,8,12,1,1,4,8,1,\n"
        "DP_base.2,9,13,3,3,8,1,2,\n"
        "base.3.layers.0.layer1,4,6,1,1,8,4,1,\n"
        "DP_base.3.layers.0.layer2,6,8,3,3,4,1,1,\n"
        "base.3.layers.1.layer1,4,6,1,1,12,6,1,\n"
        "DP_base.3.layers.1.layer2,6,8,3,3,6,1,1,\n"
        "base.4,4,6,1,1,10,16,1,\n"
        "base.5.3,1,1,1,1,16,10,1,\n");
}

// What the simulator computes from a row must be the layer's output extent: ceil((H - R + S) / S).
TEST(InspectText, ScaleSimExtentsGiveTheOutputBack) {
    for (const ModelRecord &record : builtin_records()) {
        const InputSize size = record.architecture == "hardnet" ? InputSize{131, 97} : record.input;
        const Network network = testing::network(record.name, size);
        std::vector<std::string> lines = lines_of(inspect_text(network, InspectFormat::kScaleSim, false));
        std::set<std::string> names;
        size_t row = 1;
        for (const Layer &layer : network.layers) {
            if (!layer.has_bias()) continue;
            ASSERT_LT(row, lines.size());
            std::istringstream fields(lines[row++]);
            std::string name;
            std::getline(fields, name, ',');
            EXPECT_TRUE(names.insert(name).second) << name;
            EXPECT_EQ(name.find("DP") != std::string::npos, layer.op == OpKind::kDepthwiseConv) << name;
            int v[7];
            for (int &value : v) {
                fields >> value;
                EXPECT_EQ(fields.get(), ',');
            }
            EXPECT_EQ(fields.get(), EOF) << "8 columns and a comma";
            EXPECT_EQ((v[0] - v[2] + v[6] + v[6] - 1) / v[6], layer.out.height) << name;
            EXPECT_EQ((v[1] - v[3] + v[6] + v[6] - 1) / v[6], layer.out.width) << name;
        }
        EXPECT_EQ(row, lines.size());
    }
}

TEST(InspectText, Formats) {
    EXPECT_EQ(*inspect_format("table"), InspectFormat::kTable);
    EXPECT_EQ(*inspect_format("json"), InspectFormat::kJson);
    EXPECT_EQ(*inspect_format("csv"), InspectFormat::kCsv);
    EXPECT_EQ(*inspect_format("scale-sim"), InspectFormat::kScaleSim);
    const Result<InspectFormat> unknown = inspect_format("scalesim");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ExitCode::kUsage);
    EXPECT_EQ(unknown.error().what,
              "format: expected table, json, csv or scale-sim, found \"scalesim\", did you mean scale-sim?");
}

TEST(InspectText, List) {
    std::vector<Network> networks;
    for (const char *name : {"hardnet39ds", "hardnet68ds", "hardnet68", "hardnet85"})
        networks.push_back(testing::network(name));
    EXPECT_EQ(list_text(networks),
              "name         input    parameters    MMACs   CIO M\n"
              "hardnet39ds  224x224     3488228   429.47   9.818\n"
              "hardnet68ds  224x224     4180602   775.28  17.324\n"
              "hardnet68    224x224    17565348  4246.11  11.469\n"
              "hardnet85    224x224    36670212  9074.08  17.469\n");
    const nlohmann::json json = nlohmann::json::parse(list_json(networks));
    ASSERT_EQ(json.size(), 4u);
    EXPECT_EQ(json[2]["name"], "hardnet68");
    EXPECT_EQ(json[2]["input"], (nlohmann::json{3, 224, 224}));
    EXPECT_EQ(json[2]["parameters"], 17565348);
}

}  // namespace
}  // namespace hardnet
