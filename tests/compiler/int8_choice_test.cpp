// Which layers a plan of precision int8 multiplies as int8, and what their tensors lie in memory as.
#include <gtest/gtest.h>

#include "models/layer_list.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

Network int8_network(const std::string &record) {
    Result<Network> network =
        build_network(*find_record(record), record == "hardnet39ds" ? InputSize{64, 64} : InputSize{32, 32});
    if (!network) throw std::runtime_error(network.error().what);
    return std::move(*network);
}

// As calibration gives them: of every tensor, and behind norms; of both signs where there is no activation.
Ranges all_ranges(const Network &network) {
    Ranges ranges;
    for (const Layer &l : network.layers) {
        TensorRange range{{l.activation == Activation::kNone ? -3.0f : 0.0f, 5}};
        if (!l.front_norm.empty()) range.behind_norm = {TensorRange{{0, 4}}};
        ranges.push_back(range);
    }
    return ranges;
}

PlanOptions int8_options(const Ranges &ranges) {
    PlanOptions options;
    options.ranges = &ranges;
    options.precision = Precision::kInt8;
    return options;
}

const std::vector<std::string> &int8_records() {
    static const std::vector<std::string> all = {"hardnet39ds", "fcdensenet56", "mobilenetv2",
                                                 HARDNET_SOURCE "/models/digits.json"};
    return all;
}

int count_of(const std::vector<Decision> &decisions, Precision products) {
    int count = 0;
    for (const Decision &d : decisions) count += d.products == products;
    return count;
}

TEST(Int8Choice, IsMadeWhereThereAreDotProducts) {
    for (const std::string &record : int8_records()) {
        const Network network = int8_network(record);
        const Ranges ranges = all_ranges(network);
        for (const Machine &machine : machines(Precision::kInt8)) {
            SCOPED_TRACE(record + " at " + machine.level);
            const std::vector<Decision> of = analyse(network, machine, int8_options(ranges)).decisions;
            EXPECT_EQ(count_of(of, Precision::kInt8) > 0, machine.dot_factor.has_value());
            EXPECT_TRUE(machine.int16 || count_of(of, Precision::kInt16) == 0);
            if (machine.dot_factor) continue;  // others do what int16 asks of them
            PlanOptions int16 = int8_options(ranges);
            int16.precision = Precision::kInt16;
            const std::vector<Decision> as = analyse(network, machine, int16).decisions;
            for (size_t l = 0; l < of.size(); l++) {
                EXPECT_EQ(of[l].products, as[l].products);
                EXPECT_EQ(of[l].storage, as[l].storage);
            }
        }
    }
}

// What kernels take for granted.
TEST(Int8Choice, ConvolutionsMultiplyWhatTheirSourcesAre) {
    for (const std::string &record : int8_records()) {
        const Network network = int8_network(record);
        const Ranges ranges = all_ranges(network);
        for (const char *level : {"zen4", "dotprod"}) {
            const Machine &machine = machine_named(level, Precision::kInt8);
            const Analysis a = analyse(network, machine, int8_options(ranges));
            for (size_t l = 0; l < network.layers.size(); l++) {
                SCOPED_TRACE(network.layers[l].name + " at " + level);
                const Layer &layer = network.layers[l];
                const Decision &d = a.decisions[l];
                if (d.products != Precision::kInt8) continue;
                if (d.tiling) {  // which multiplies V, whatever the sources are
                    EXPECT_EQ(d.tiling->m(), 2);
                    continue;
                }
                std::vector<Storage> multiplied = {d.behind_norm};
                if (layer.front_norm.empty()) {
                    multiplied.clear();
                    for (int source : layer.sources())
                        multiplied.push_back(a.decisions[size_t(source)].storage);
                }
                for (const Storage &storage : multiplied) {
                    EXPECT_EQ(storage.element_bytes(), 1);
                    EXPECT_TRUE(level != std::string("dotprod") || storage.type == IntegerType::kInt8);
                }
            }
        }
    }
}

TEST(Int8Choice, CanBePlanned) {
    for (const std::string &record : int8_records()) {
        const Network network = int8_network(record);
        const Ranges ranges = all_ranges(network);
        for (const Machine &machine : machines(Precision::kInt8)) {
            const Result<Plan> plan = make_plan(network, machine, int8_options(ranges));
            EXPECT_TRUE(plan) << record << ' ' << machine.level << ": " << (plan ? "" : plan.error().what);
        }
    }
}

// Layers that read a tensor with products of unlike precisions have a V of it each.
TEST(Int8Choice, WinogradsProductsAreOfInt8ByF2x2) {
    const Network network = int8_network(HARDNET_SOURCE "/models/digits.json");
    const Ranges ranges = all_ranges(network);
    PlanOptions options = int8_options(ranges);
    options.algorithm = AlgorithmChoice::kWinograd;
    for (const char *level : {"zen4", "dotprod"}) {
        const Machine &machine = machine_named(level, Precision::kInt8);
        const Analysis a = analyse(network, machine, options);
        std::set<std::string> keep;
        int by_f2x2 = 0;
        for (size_t l = 0; l < network.layers.size(); l++) {
            const Decision &d = a.decisions[l];
            if (!d.tiling) continue;
            const bool f2x2 = d.tiling->m() == 2;
            by_f2x2 += f2x2;
            EXPECT_EQ(d.products == Precision::kInt8, f2x2) << network.layers[l].name;
            if (f2x2 && keep.empty()) keep.insert(network.layers[l].name);
        }
        ASSERT_GT(by_f2x2, 1) << level;
        options.keep_int16 = &keep;
        const Analysis kept = analyse(network, machine, options);
        for (size_t l = 0; l < network.layers.size(); l++) {
            if (!keep.count(network.layers[l].name)) continue;
            EXPECT_NE(kept.decisions[l].products, Precision::kInt8);
            for (int source : network.layers[l].sources()) {
                const std::set<Precision> wanted = kept.winograd_products(source);
                EXPECT_TRUE(wanted.count(kept.decisions[l].products));
                for (Precision products : wanted)
                    EXPECT_EQ(kept.rounding(source, *kept.decisions[l].tiling, products).element_bytes(),
                              4 / channels_in_step(products));
            }
        }
        EXPECT_TRUE(make_plan(network, machine, options));
        options.keep_int16 = nullptr;
    }
}

// stem -> depthwise -> two 1x1s that read it -> a sum of them.
struct Int8Chain {
    Int8Chain() {
        LayerList list({3, 32, 32});
        ConvSpec spec{16, 3};
        spec.activation = Activation::kRelu6;
        stem = list.conv(conv_names("stem"), {kNetworkInput}, spec);
        depthwise = list.depthwise(conv_names("depthwise"), stem, 3, 1, Activation::kNone);
        spec.kernel = 1;
        first = list.conv(conv_names("first"), {depthwise}, spec);
        second = list.conv(conv_names("second"), {depthwise, first}, spec);
        network.name = "chain";
        network.input = {3, 32, 32};
        network.layers = list.take();
        network.outputs = {{"out", {second}}};
        ranges = all_ranges(network);
    }
    std::vector<Decision> decided(const std::string &level, const PlanOptions &options) const {
        return analyse(network, machine_named(level, Precision::kInt8), options).decisions;
    }
    int stem, depthwise, first, second;
    Network network;
    Ranges ranges;
};

TEST(Int8Choice, AllOfATypeIsUsed) {
    const Int8Chain chain;
    const std::vector<Decision> d = chain.decided("zen4", int8_options(chain.ranges));
    EXPECT_EQ(d[size_t(chain.second)].products, Precision::kInt8);
    const Storage positive = d[size_t(chain.first)].storage, either = d[size_t(chain.depthwise)].storage;
    EXPECT_EQ(positive.type, IntegerType::kUint8);
    EXPECT_FLOAT_EQ(float(255 * positive.unit()), 5);
    EXPECT_EQ(either.type, IntegerType::kInt8);
    EXPECT_FLOAT_EQ(float(127 * either.unit()), 5);
    // No product reads the stem's output as it is: 16 bits lose nothing that shows.
    EXPECT_EQ(d[size_t(chain.stem)].storage.type, IntegerType::kInt16);
    EXPECT_EQ(d[size_t(chain.stem)].storage.most, 20480);
    EXPECT_EQ(chain.decided("dotprod", int8_options(chain.ranges))[size_t(chain.first)].storage.most, 127);
}

// Layers that read a tensor together are of one precision.
TEST(Int8Choice, LayersCanBeKept) {
    const Int8Chain chain;
    const std::set<std::string> keep = {"second"};
    PlanOptions options = int8_options(chain.ranges);
    options.keep_int16 = &keep;
    for (int layer : {chain.first, chain.second}) {
        EXPECT_EQ(chain.decided("zen4", options)[size_t(layer)].products, Precision::kInt16);
        EXPECT_EQ(chain.decided("dotprod", options)[size_t(layer)].products, Precision::kFloat32);
    }
    options.keep_int16 = nullptr;
    options.keep = &keep;
    for (int layer : {chain.first, chain.second})
        EXPECT_EQ(chain.decided("zen4", options)[size_t(layer)].products, Precision::kFloat32);
}

TEST(Int8Choice, BehindANormRangesOfPicturesAreNeeded) {
    const Network network = int8_network("fcdensenet56");
    Ranges ranges = all_ranges(network);
    PlanOptions options = int8_options(ranges);
    const Machine &machine = machine_named("zen4", Precision::kInt8);
    const auto behind_norms = [&] {
        int count = 0;
        const Analysis a = analyse(network, machine, options);
        for (size_t l = 0; l < network.layers.size(); l++)
            count += !network.layers[l].front_norm.empty() && a.decisions[l].products != Precision::kFloat32;
        return count;
    };
    EXPECT_EQ(behind_norms(), 49);
    for (auto &range : ranges) range->behind_norm.clear();
    EXPECT_EQ(behind_norms(), 0);
}

}  // namespace
}  // namespace hardnet::testing
