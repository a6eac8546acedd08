// Resampling by tables on each machine, exact by eighths.
#include "graph/resampling.h"
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class ResampleKernel : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, ResampleKernel, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

// Entries that go back and forth, with shares of eighths; every fourth one is beyond the image.
std::vector<float> table(int entries, int taps, int extent, float beyond) {
    std::vector<float> values;
    const std::vector<float> shares = eighths(size_t(entries) * size_t(taps), 3);
    for (int e = 0; e < entries; e++) {
        values.insert(values.end(), {float((e * 5) % (extent - taps + 1)), e % 4 == 3 ? beyond : 0});
        values.insert(values.end(), shares.begin() + e * taps, shares.begin() + (e + 1) * taps);
    }
    return values;
}

TEST_P(ResampleKernel, SumsByItsTablesAndTouchesNothingElse) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    struct Case {
        Shape in, out;
        int row_taps, column_taps;
        float beyond;
    };
    for (const Case &c : {Case{{46, 5, 7}, {46, 9, 4}, 4, 4, 0},
                          {{8, 3, 2}, {8, 2, 11}, 2, 1, 1.25f},
                          {{19, 1, 9}, {19, 6, 5}, 1, 9, -3}}) {
        const std::vector<float> values = eighths(size_t(c.in.elements()), 1),
                                 rows = table(c.out.height, c.row_taps, c.in.height, c.beyond),
                                 columns = table(c.out.width, c.column_taps, c.in.width, 2 * c.beyond);
        const Image x = Image::of(c.in, values, 1);
        Image out(c.out, 1);
        const ResampleSpec spec{c.in.height,
                                c.in.width,
                                c.out.height,
                                c.out.width,
                                c.row_taps,
                                c.column_taps,
                                x.c8,
                                x.row_stride(),
                                out.c8,
                                out.row_stride(),
                                machine().lanes_for(out.c8)};
        SCOPED_TRACE(spec.key());
        const KernelLibrary library({spec}, machine());
        const Memory r = padded(rows, rows.size()), k = padded(columns, columns.size());
        const int row = kResamplingHead + c.row_taps, column = kResamplingHead + c.column_taps;
        for (int y = 0; y < c.out.height; y++)
            call(library[0], {x.view(0, x.c8), Buffer(r.data(), {{0, row, 1}, {0, c.out.height, row}}),
                              Buffer(k.data(), {{0, column, 1}, {0, c.out.width, column}}),
                              out.view(0, out.c8).cropped(2, y, y + 1)});
        std::vector<float> both = rows;
        both.insert(both.end(), columns.begin(), columns.end());
        expect_image(out, reference::resample({values.begin(), values.end()}, c.in, c.out,
                                              {WindowAxis{c.row_taps}, WindowAxis{c.column_taps}}, both));
    }
}

}  // namespace
}  // namespace hardnet::testing
