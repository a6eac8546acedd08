// Instrumented runs: before each step the memory that it says it writes is poisoned, behind it every byte is
// accounted for. So the claims of the design are counted, not believed: a step writes all of what its views
// cover and nothing else, every layer's tensor is written once, and no byte is written for a concatenation.
//
// Without HARDNET_ALL_NETWORKS in the environment some networks are run, the other HarDNets and DenseNets skipped.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "runtime/inspect.h"
#include "tests/compiler/regions.h"
#include "tests/networks/package.h"
#include "tests/runtime/allocations.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

constexpr uint32_t kPoison = 0x7fc0dead;  // a NaN that no arithmetic makes

// One base's memory, seen as words.
struct Block {
    uint32_t *words = nullptr;
    size_t size = 0;
    std::vector<uint32_t> before;
    std::vector<uint8_t> covers;  // regions of the step that cover this word
};

struct Written {  // elements
    int64_t tensors = 0, padding = 0, transforms = 0, image = 0;
    int64_t unaccounted = 0;  // of a tensor's step, but not in its layer's tensor: a copy would be here
    int steps = 0;
};

std::vector<uint8_t> some_bytes(size_t count) {
    std::vector<uint8_t> bytes;
    for (float value : seeded_input(int64_t(count), 7)) bytes.push_back(uint8_t((value + 2) * 63.75f));
    return bytes;
}

class Instrumented {
public:
    Instrumented(const TestPackage &package, Session &session)
        : package_(package), context_(session.context()), level_(*hardnet_context_level(context_)) {
        blocks_[HARDNET_ARENA] = block(HARDNET_ARENA, size_t(level_.arena_elems));
        blocks_[HARDNET_INPUT] = block(HARDNET_INPUT, package.image_elems);
        for (size_t port = 0; port < package.layers.outputs.size(); port++)
            blocks_[HARDNET_OUTPUT | int(port) << 8] =
                block(HARDNET_OUTPUT, output_elems(package.layers, port), uint8_t(port));
        weights_ = block(HARDNET_WEIGHTS, size_t(level_.weight_elems));
        weights_.before.assign(weights_.words, weights_.words + weights_.size);
        tensor_elems_.assign(package.layers.layers.size(), 0);
    }

    void run() {
        for (int32_t s = 0; s < hardnet_step_count(context_); s++) {
            const hardnet_step &step = *hardnet_step_at(context_, s);
            SCOPED_TRACE(std::to_string(s) + " " + hardnet_step_kind_name(step.kind) + " of " +
                         package_.network->layer_names[step.layer]);
            const std::vector<Region> all = regions(level_, step);
            poison(all);
            ASSERT_EQ(hardnet_run_step(context_, s, 0), HARDNET_OK) << hardnet_last_error(context_);
            expect_views_alone_written();
            by_kind_[step.kind].steps++;
            for (const Region &r : all) {
                if (r.written) account(step, r);
            }
        }
        EXPECT_EQ(std::memcmp(weights_.words, weights_.before.data(), weights_.size * 4), 0);
    }

    void expect_every_tensor_written_once() const {
        for (size_t l = 0; l < tensor_elems_.size(); l++) {
            const Layer &layer = package_.layers.layers[l];
            const bool own = level_.layer_views[l] >= 0 && layer.op != OpKind::kSlice;
            const int64_t whole = own ? layer.out.elements() : 0;
            EXPECT_EQ(tensor_elems_[l], whole) << layer.name;
        }
    }

    const std::map<int, Written> &by_kind() const { return by_kind_; }

private:
    static size_t output_elems(const Network &network, size_t port) {
        size_t elems = 1;
        for (int64_t extent : output_shape(network, network.outputs[port])) elems *= size_t(extent);
        return elems;
    }

    Block block(hardnet_base base, size_t size, uint8_t port = 0) const {
        for (uint32_t v = 0; v < level_.view_count; v++) {
            if (level_.views[v].base != base || level_.views[v].port != port) continue;
            void *data = hardnet_view_data(context_, int32_t(v), 0, 0);
            return {static_cast<uint32_t *>(data) - level_.views[v].offset, size, {}, {}};
        }
        return {};
    }

    void poison(const std::vector<Region> &all) {
        for (auto &[base, b] : blocks_) b.covers.assign(b.size, 0);
        for (const Region &r : all) {
            if (!r.written || !blocks_.count(r.space())) continue;
            Block &b = blocks_[r.space()];
            ASSERT_GE(r.offset, 0);
            ASSERT_LE(r.end(), int64_t(b.size));
            for_each_run(r, [&](int64_t first, int64_t count) {
                for (int64_t i = first; i < first + count; i++) {
                    b.covers[i]++;
                    b.words[i] = kPoison;
                }
            });
        }
        for (auto &[base, b] : blocks_) b.before.assign(b.words, b.words + b.size);
    }

    void expect_views_alone_written() {
        for (const auto &[base, b] : blocks_) {
            int64_t outside = 0, left = 0, twice = 0;
            for (size_t i = 0; i < b.size; i++) {
                if (!b.covers[i])
                    outside += b.words[i] != b.before[i];
                else
                    left += b.words[i] == kPoison;
                twice += b.covers[i] > 1;
            }
            EXPECT_EQ(outside, 0) << "words changed that no written view covers, base " << int(base);
            EXPECT_EQ(left, 0) << "words of written views left as they were, base " << int(base);
            EXPECT_EQ(twice, 0) << "words covered by two calls, base " << int(base);
        }
    }

    // The layer, of those that this step computes, in whose tensor `r` lies: the step's own or a pool fused
    // with it.
    int layer_of(const hardnet_step &step, const Region &r) const {
        const std::vector<Layer> &layers = package_.layers.layers;
        for (int l = step.layer; l < int(layers.size()); l++) {
            if (l != step.layer && layers[l].sources()[0] != step.layer) continue;
            const int32_t view = level_.layer_views[l];
            if (view < 0 || whole_view(level_, uint32_t(view)).space() != r.space()) continue;
            const Region whole = whole_view(level_, uint32_t(view));
            if (r.offset >= whole.offset && r.offset < whole.end()) return l;
        }
        return -1;
    }

    void account(const hardnet_step &step, const Region &r) {
        Written &sum = by_kind_[step.kind];
        const bool v = step.kind == HARDNET_STEP_INPUT_TRANSFORM ||
                       (step.kind == HARDNET_STEP_OUTPUT_TRANSFORM && r.rank == 4);
        if (v || step.kind == HARDNET_STEP_PRODUCT || r.base == HARDNET_SCRATCH) {
            sum.transforms += r.elements() * r.times;
            return;
        }
        if (step.kind == HARDNET_STEP_NORMALIZE) {
            sum.image += r.elements();
            return;
        }
        // What a norm in front of a direct 3x3 makes, once per layer.
        if (step.kind == HARDNET_STEP_NORM &&
            !package_.layers.layers[size_t(step.layer)].front_norm.empty()) {
            sum.transforms += r.elements();
            return;
        }
        const int l = layer_of(step, r);
        if (l < 0 && step.kind == HARDNET_STEP_OUTPUT) {  // in the caller's order
            sum.image += r.elements();
            return;
        }
        if (l < 0) {
            sum.unaccounted += r.elements();
            return;
        }
        account_tensor(l, r, sum);
    }

    // What lies behind the last channel, column or row is padding: to 8 channels and to whole Winograd tiles.
    void account_tensor(int l, const Region &r, Written &sum) {
        const Region whole = whole_view(level_, uint32_t(level_.layer_views[l]));
        if (whole.base == HARDNET_OUTPUT) {  // planar: without padding
            sum.tensors += r.elements();
            tensor_elems_[l] += r.elements();
            return;
        }
        const int64_t pixel = whole.dims[1].stride, row = whole.dims[2].stride;
        for_each_run(r, [&](int64_t first, int64_t count) {
            for (int64_t i = first; i < first + count; i++) {
                const int64_t at = i - whole.offset, y = at / row, x = at % row / pixel, c = at % row % pixel;
                if (c < whole.dims[0].extent && x < whole.dims[1].extent && y < whole.dims[2].extent) {
                    sum.tensors++;
                    tensor_elems_[l]++;
                } else {
                    const bool near = c < whole.dims[0].extent + 8 && x < whole.dims[1].extent + 4 &&
                                      y < whole.dims[2].extent + 4;
                    (near ? sum.padding : sum.unaccounted)++;
                }
            }
        });
    }

    const TestPackage &package_;
    hardnet_context *context_;
    const hardnet_level &level_;
    std::map<int, Block> blocks_;  // by space
    Block weights_;
    std::vector<int64_t> tensor_elems_;  // per layer, written into its tensor
    std::map<int, Written> by_kind_;
};

void print(const std::map<int, Written> &by_kind) {
    std::ostringstream out;
    char line[128];
    std::snprintf(line, sizeof line, "  %-18s %5s %12s %10s %12s %10s\n", "bytes written by", "steps",
                  "tensors", "padding", "V, M, rows", "in, out");
    out << line;
    Written all;
    const auto row = [&](const char *name, const Written &w) {
        std::snprintf(line, sizeof line, "  %-18s %5d %12lld %10lld %12lld %10lld\n", name, w.steps,
                      4ll * w.tensors, 4ll * w.padding, 4ll * w.transforms, 4ll * (w.image + w.unaccounted));
        out << line;
    };
    for (const auto &[kind, w] : by_kind) {
        row(hardnet_step_kind_name(kind), w);
        all.steps += w.steps;
        all.tensors += w.tensors;
        all.padding += w.padding;
        all.transforms += w.transforms;
        all.image += w.image;
        all.unaccounted += w.unaccounted;
    }
    row("sum", all);
    out << "  concatenation: " << 4 * all.unaccounted << " bytes\n";
    std::cout << out.str();
}

struct Case {
    PackageRequest request;
    std::string level;
    int threads;
    bool only_by_wish = false;
    std::string name() const { return label(request) + "/" + level + "/" + std::to_string(threads); }
};

class Writes : public ::testing::Test {
public:
    explicit Writes(Case c) : case_(std::move(c)) {}
    void TestBody() override {
        if (case_.only_by_wish && !std::getenv("HARDNET_ALL_NETWORKS"))
            GTEST_SKIP() << "HARDNET_ALL_NETWORKS is not set";
        const std::string missing = missing_features(case_.level);
        if (!missing.empty()) GTEST_SKIP() << "this CPU has no " << missing;
        const TestPackage &package = compiled(case_.request);
        ASSERT_EQ(package.error, "");
        Session session(package, {case_.level, case_.threads, HARDNET_UINT8});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        const std::vector<uint8_t> image = some_bytes(package.image_elems);
        std::copy(image.begin(), image.end(), session.input<uint8_t>());

        Instrumented instrumented(package, session);
        instrumented.run();
        instrumented.expect_every_tensor_written_once();
        const std::vector<float> stepped = session.logits();
        if (case_.threads == 1) print(instrumented.by_kind());
        for (const auto &[kind, written] : instrumented.by_kind()) {
            EXPECT_EQ(written.unaccounted, 0) << hardnet_step_kind_name(kind);
            EXPECT_GT(written.tensors + written.transforms + written.image, 0)
                << hardnet_step_kind_name(kind);
        }
        // No step read what it had not written yet: it would have read a NaN.
        EXPECT_TRUE(same_bits(stepped, session.run()));
        for (float logit : stepped) ASSERT_TRUE(std::isfinite(logit));
    }

private:
    Case case_;
};

void register_test(const Case &c) {
    ::testing::RegisterTest("Writes", c.name().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [c]() -> ::testing::Test * { return new Writes(c); });
}

const bool registered = [] {
    // As the logits are run, whose kernels these are.
    const auto at = [](PackageRequest request, const std::string &level) {
        for (int threads : {1, 3}) register_test({request, level, threads});
    };
    for (const std::string &level : level_names()) at({"hardnet68", {96, 64}}, level);
    for (const std::string &level : std::set{level_at(0), level_at(1)})
        at({"hardnet68", {224, 224}, 1, "seed:1", level}, level);
    at({"hardnet39ds", {200, 264}, 1, "seed:1", level_at(1)}, level_at(1));
    const auto small = [](const std::string &name, InputSize size, bool only_by_wish) {
        register_test({{name, size, 1, "seed:1", "avx2"}, "avx2", 1, only_by_wish});
    };
    for (const char *name : {"densenet121"}) small(name, {75, 101}, false);
    for (const char *name : {"fchardnet70", "fcdensenet56"}) small(name, {97, 131}, false);
    small("centernet_hardnet85", {132, 164}, false);
    for (const char *name : {"hardnet68ds", "hardnet85", "hardnet96s", "hardnet117s", "hardnet138s",
                             "densenet201", "densenet264"})
        small(name, {75, 101}, true);
    for (const char *name :
         {"fchardnet68", "fchardnet76", "fchardnet84", "fchardnet_ref100", "fcdensenet67", "fcdensenet103"})
        small(name, {97, 131}, true);
    for (const char *name : {"ssd512_hardnet68", "ssd512_hardnet85"}) small(name, {276, 308}, true);
    return true;
}();

TEST(Run, AllocatesNothing) {
    const TestPackage &package = compiled({"hardnet68", {96, 64}});
    ASSERT_EQ(package.error, "");
    for (hardnet_type type : {HARDNET_FLOAT32, HARDNET_UINT8}) {
        Session session(package, {"", 2, type});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        start_counting_allocations();
        for (int i = 0; i < 3; i++) ASSERT_EQ(hardnet_run(session.context()), HARDNET_OK);
        const int counted = counted_allocations();
        EXPECT_EQ(counted, 0);
        const std::vector<float> logits = session.logits();
        EXPECT_GT(counted_allocations(), counted) << "allocations are not counted at all";
    }
}

}  // namespace
}  // namespace hardnet::testing
