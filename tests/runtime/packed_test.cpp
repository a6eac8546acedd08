// Packed weights made beforehand: used where they are of this plan and of these weights, else named and not
// used.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sample.h"

namespace hardnet {
namespace {

// The sample's weights are scale at element 0 and bias at element 8 of 16; here they are others, so that what
// was mapped shows in the output.
constexpr float kScale = 3, kBias = -1;

class Packed : public testing::Test {
protected:
    Packed() {
        char name[] = "/tmp/hardnet_packed_XXXXXX";
        folder = mkdtemp(name);
        weights = safetensors({{"scale", "F32", {1}, {kScale}}, {"bias", "F32", {1}, {kBias}}},
                              {{"content", "these"}});
        values.assign(static_cast<size_t>(sample.weight_elems), 0);
        values[0] = kScale, values[8] = kBias;
        char text[17];
        hardnet_packing_identity(sample.network(), &sample.network()->levels[0], text);
        identity = text;
        path =
            folder + "/" + sample.network()->name + "." + sample.network()->levels[0].name + ".safetensors";
    }
    ~Packed() override { std::filesystem::remove_all(folder); }

    void write(const std::string &bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
    std::string file(const std::string &packing, const std::string &content) const {
        return safetensors({{"packed", "F32", {sample.weight_elems}, values}},
                           {{"packing", packing}, {"content", content}});
    }
    hardnet_options options(bool with_weights) {
        hardnet_options o = default_options();
        o.packed_folder = folder.c_str();
        if (with_weights) o.weights_data = weights.data(), o.weights_size = weights.size();
        o.log = [](void *user, const char *text) { *static_cast<std::string *>(user) += text; };
        o.user = &logged;
        return o;
    }
    bool prepacked(bool with_weights) {
        Opened opened(sample.network(), options(with_weights));
        EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
        return hardnet_context_memory(opened.context).prepacked;
    }
    // Not used, and said so where there are weights; an error where there are none.
    void expect_refused(const std::string &reason) {
        logged.clear();
        EXPECT_FALSE(prepacked(true));
        EXPECT_EQ(logged, path + ": " + reason + ": packing the weights anew");
        Opened opened(sample.network(), options(false));
        EXPECT_EQ(opened.status, HARDNET_BAD_WEIGHTS);
        EXPECT_EQ(opened.error(), path + ": " + reason);
    }

    Sample sample;
    std::string folder, path, weights, identity, logged;
    std::vector<float> values;
};

TEST_F(Packed, GiveTheBitsOfWeightsThatOpenPacks) {
    const std::vector<float> images = ramp(kImages * kPixels);
    const std::vector<float> expected = sample_run(sample.network(), options(true), images);
    write(file(identity, "these"));
    for (bool with_weights : {true, false}) {
        EXPECT_TRUE(prepacked(with_weights));
        EXPECT_EQ(sample_run(sample.network(), options(with_weights), images), expected);
    }
    EXPECT_EQ(logged, "");
}

TEST_F(Packed, AreWhatTheKernelsRead) {
    values[8] = 100;
    write(file(identity, "these"));
    const std::vector<float> images(kImages * kPixels, 0);
    const std::vector<float> mapped = sample_run(sample.network(), options(false), images);
    std::remove(path.c_str());
    const std::vector<float> made = sample_run(sample.network(), options(true), images);
    for (size_t i = 0; i < made.size(); i++) ASSERT_EQ(mapped[i] - made[i], 2 * (100 - kBias)) << i;
}

TEST_F(Packed, OfAnotherPlanOrOtherWeightsAreNotUsed) {
    const std::string other(16, '0');
    write(file(other, "these"));
    expect_refused("expected packing " + identity + ", found " + other);
    write(safetensors({{"packed", "F32", {sample.weight_elems}, values}}, {{"content", "these"}}));
    expect_refused("expected packing " + identity + ", found none");
    for (const std::string content : {"those", "the", ""}) {
        write(file(identity, content));
        logged.clear();
        EXPECT_FALSE(prepacked(true));
        EXPECT_EQ(logged,
                  path + ": expected the packed weights of the weights in memory, found those of others" +
                      ": packing the weights anew");
    }
}

TEST_F(Packed, WithoutTheirTensorAreNotUsed) {
    const std::string reason = "expected a tensor packed, F32 [" + std::to_string(sample.weight_elems) +
                               "] aligned to 64, found none";
    const std::map<std::string, std::string> metadata = {{"packing", identity}, {"content", "these"}};
    values.pop_back();
    const int64_t fewer = sample.weight_elems - 1;
    write(safetensors({{"packed", "F32", {fewer}, values}}, metadata));
    expect_refused(reason);
    values.push_back(0);
    write(safetensors({{"Packed", "F32", {sample.weight_elems}, values}}, metadata));
    expect_refused(reason);
    write(safetensors({{"before", "F32", {1}, {0}}, {"packed", "F32", {sample.weight_elems}, values}},
                      metadata));
    expect_refused(reason);
}

TEST_F(Packed, ThatAreNoFileOrNoWholeFileAreNotUsed) {
    const std::string whole = file(identity, "these");
    for (size_t size : {size_t{1}, size_t{7}, whole.size() / 2, whole.size() - 1}) {
        write(whole.substr(0, size));
        logged.clear();
        EXPECT_FALSE(prepacked(true)) << size;
        EXPECT_NE(logged.find("packing the weights anew"), std::string::npos) << size;
    }
    write("");
    expect_refused("expected a readable file, found: Invalid argument");
    std::remove(path.c_str());
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    expect_refused("expected a readable file, found: Invalid argument");
}

TEST_F(Packed, NeedNotBeThereBesideWeights) {
    EXPECT_FALSE(prepacked(true));
    EXPECT_EQ(logged, "");
    Opened opened(sample.network(), options(false));
    EXPECT_EQ(opened.status, HARDNET_BAD_WEIGHTS);
    EXPECT_EQ(opened.error(), path + ": expected a readable file, found: No such file or directory");
}

TEST_F(Packed, OfANetworkWithoutWeightsAreNotLookedFor) {
    TinyPlan plan;
    plan.input({1, 1, 1, 1});
    Opened opened(plan.network(), options(false));
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
}

// What an application that was compiled before the option was added hands over.
TEST_F(Packed, OptionsOfAnOlderHeaderDoNotNameAFolder) {
    write(file(std::string(16, '0'), "these"));
    hardnet_options older = options(true);
    older.struct_size = offsetof(hardnet_options, packed_folder);
    Opened opened(sample.network(), older);
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
    EXPECT_EQ(logged, "");
}

}  // namespace
}  // namespace hardnet
