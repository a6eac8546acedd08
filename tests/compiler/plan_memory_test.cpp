// The arena of every plan: nothing is overwritten that is still to be read, no two calls of a step write one
// element, and halos stay zero.
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

class PlanMemoryTest : public PlanTestBase {
public:
    using PlanTestBase::PlanTestBase;
    void check() override { expect_nothing_overwritten_too_early(); }

private:
    // Runs the plan on names instead of numbers: every element of the arena knows which buffer wrote it last,
    // and when. Where a tensor is read, its own buffer was the last, or nothing ever wrote there: a zero of a
    // halo. Of V and M, which no step reads everywhere it could, no other buffer wrote anything since they
    // came to life.
    void expect_nothing_overwritten_too_early() const {
        std::vector<Element> elements(size_t(plan().arena_bytes / 4));
        std::vector<bool> tensor(plan().buffers.size());
        for (int32_t view : plan().layer_views) {
            if (view >= 0 && plan().view_buffers[view]) tensor[*plan().view_buffers[view]] = true;
        }
        std::vector<int> born(plan().buffers.size(), -1);
        for (int s = 0; s < int(plan().steps.size()); s++) {
            std::vector<Region> writes;
            for (const Region &r : regions(level(), plan().steps[s])) {
                if (r.base != HARDNET_ARENA) continue;
                ASSERT_TRUE(plan().view_buffers[r.view]);
                const int buffer = *plan().view_buffers[r.view];
                if (!r.written) {
                    ASSERT_EQ(foreign(r, elements, tensor[buffer], born[buffer]), 0)
                        << "step " << s << " of " << network().layers[plan().steps[s].layer].name << ", view "
                        << r.view << ": values of another buffer, or never written";
                    continue;
                }
                if (born[buffer] < 0) born[buffer] = s;
                int64_t twice = 0;
                for_each_run(r, [&](int64_t first, int64_t count) {
                    for (int64_t i = first; i < first + count; i++) twice += elements[i].step == s;
                    std::fill_n(elements.begin() + first, count, Element{int16_t(buffer), int16_t(s)});
                });
                ASSERT_EQ(twice, 0) << "step " << s << " of " << network().layers[plan().steps[s].layer].name
                                    << ": two calls write the same elements";
                writes.push_back(r);
            }
            mark_overhang(writes, elements);
        }
    }

    struct Element {
        int16_t buffer = -1, step = -1;  // -1: zero since the arena was made
    };

    int64_t foreign(const Region &r, const std::vector<Element> &elements, bool tensor, int born) const {
        const int buffer = *plan().view_buffers[r.view];
        const Buffer &b = plan().buffers[buffer];
        if (r.end() > (b.offset + b.bytes) / 4)
            return 0;  // moves along: names rows that the kernel never asks for
        const bool zeros = b.halo.has_value();
        int64_t sum = 0;
        for_each_run(r, [&](int64_t first, int64_t count) {
            for (int64_t i = first; i < first + count; i++) {
                const Element e = elements[i];
                if (e.buffer != buffer) sum += tensor ? !(zeros && e.buffer < 0) : e.step >= born;
            }
        });
        return sum;
    }

    // An output transform writes zeros behind the image where its tiles reach beyond it; they are halo, not
    // values.
    void mark_overhang(const std::vector<Region> &writes, std::vector<Element> &elements) const {
        for (size_t l = 0; l < network().layers.size(); l++) {
            if (plan().layer_views[l] < 0) continue;
            const Region whole = whole_view(level(), uint32_t(plan().layer_views[l]));
            if (whole.base != HARDNET_ARENA) continue;
            const int buffer = *plan().view_buffers[whole.view];
            const int64_t pixel = whole.dims[1].stride, row = whole.dims[2].stride;
            for (const Region &r : writes) {
                if (plan().view_buffers[r.view] != buffer) continue;
                for_each_run(r, [&](int64_t first, int64_t count) {
                    for (int64_t i = first; i < first + count; i++) {
                        const int64_t at = i - whole.offset;
                        const bool inside =
                            at / row < whole.dims[2].extent && at % row / pixel < whole.dims[1].extent;
                        if (!inside) elements[i] = Element();
                    }
                });
            }
        }
    }
};

const bool memory_registered = register_for_every_plan<PlanMemoryTest>("PlanMemory");
const bool every_network =
    register_for_every_plan<PlanMemoryTest>("PlanMemoryOfEveryNetwork", small_plan_cases());

}  // namespace
}  // namespace hardnet::testing
