// The page that a tune leaves: what it says, and that it needs nothing beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "cli/tune_report.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProblemReport layer(const std::string &name, int in, double model_ms, double ms) {
    ProblemReport p;
    p.problem = convolution_problem(Window{}, 56, 28, 64, in);
    p.layers = {name, name + "b"};
    p.model = {{{0, 64, 64, 16, 4}}};
    p.parameters = ms < model_ms ? Parameters{{{0, 64, 32, 16, 8}}} : p.model;
    p.model_ms = model_ms;
    p.ms = ms;
    p.low = 0.7, p.high = 0.9;
    p.settled = true;
    p.verdicts = {{{{{0, 64, 32, 16, 8}}},
                   ms < model_ms ? "chosen" : "no gain: 101.0 % of the model's time, 99.0 to 103.0"},
                  {{{{0, 64, 16, 16, 2}}}, "expected a result, found signal 11 <in a kernel & more>", true},
                  {{{{0, 64, 16, 16, 3}}}, "not tried"}};
    return p;
}

TuneReport report() {
    TuneReport r;
    r.level = "avx512";
    r.cpu = "A <CPU>";
    StageReport &kernels = r.kernels;
    kernels.problems = {layer("small", 8, 0.25, 0.25), layer("large", 64, 1, 0.8)};
    kernels.problems.push_back(layer("untimed", 16, 0, 0));
    kernels.problems.back().settled = false;
    kernels.changed = 1;
    kernels.settled = 2;
    kernels.model_ms = 1.25;
    kernels.ms = 1.05;
    ProblemReport resolution;
    resolution.problem = resolution_problem(28, 56, {{8, 16}, {24, 16}});
    resolution.layers = {"first", "second"};
    resolution.model.m = 4;
    resolution.parameters.m = 3;
    resolution.model_ms = 2;
    resolution.ms = 1.9;
    resolution.low = 0.94, resolution.high = 0.96;
    resolution.settled = true;
    r.algorithms.problems = {resolution};
    kernels.search.history = {{10, 1.25, 1.25}, {20, 1.0, 1.25}, {30, 1.05, 1.25}};
    return r;
}

// Tags that are opened are closed, but for those that HTML closes itself.
void expect_balanced(const std::string &page) {
    std::vector<std::string> open;
    static const std::regex tag("<(/?)([a-z0-9]+)[^>]*?(/?)>");
    for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
        const std::string name = (*at)[2];
        if ((*at)[3] == "/" || name == "meta" || name == "br" || name == "p" || name == "tr" ||
            name == "td" || name == "th")
            continue;
        if ((*at)[1] != "/") {
            open.push_back(name);
        } else {
            ASSERT_FALSE(open.empty()) << name;
            EXPECT_EQ(open.back(), name);
            open.pop_back();
        }
    }
    EXPECT_TRUE(open.empty());
}

TEST(TuningReport, SaysWhatWasGainedTriedAndWhatFailed) {
    const std::string page =
        tune_report_page(report(), {"net", "224x192", 2, {{"large", 0.3}, {"largeb", 0.1}, {"small", 0.1}}});
    EXPECT_THAT(page, HasSubstr("<h1>Tuning net at 224x192</h1>"));
    EXPECT_THAT(page, HasSubstr("A &lt;CPU>, avx512, 2 threads; hardnet "));
    EXPECT_THAT(page, HasSubstr("1.250 &rarr; 1.050 ms, 16.0 % less"));
    EXPECT_THAT(page, HasSubstr("Of 3 kinds 1 do better by other parameters than the model's, 1 are best as "
                                "they were, 1 are open"));
    EXPECT_THAT(page, HasSubstr("<td>3x3 of 56x28, 2 layers<td><code>F(4x4)<br>&rarr; F(3x3)</code>"));
    EXPECT_THAT(page, HasSubstr("title=\"large, largeb\">large <span class=dim>and 1 more</span>"));
    EXPECT_THAT(page, HasSubstr("<code>64:64x4<br>&rarr; 64:32x8</code>"));
    EXPECT_THAT(page, HasSubstr("20.0 %</span>"));
    EXPECT_THAT(page, HasSubstr("<td class=right>50 %")) << "0.4 of 0.8 ms";
    EXPECT_LT(page.find(">large"), page.find(">small")) << "the dearest first";
    EXPECT_THAT(page, Not(HasSubstr(">untimed")));
    EXPECT_THAT(page, HasSubstr("expected a result, found signal 11 &lt;in a kernel &amp; more>"));
    EXPECT_THAT(page, HasSubstr("6 candidates and what became of them"));
    EXPECT_THAT(page, HasSubstr("behind each of 3 trials of this run"));
    EXPECT_EQ(page.find("http"), std::string::npos) << "something to be fetched";
    EXPECT_EQ(page.find("src="), std::string::npos);
    expect_balanced(page);
}

TEST(TuningReport, OfNothingSaysSo) {
    TuneReport empty;
    empty.level = "avx2";
    const std::string page = tune_report_page(empty, {"net", "1x1", 1, {}});
    EXPECT_THAT(page, HasSubstr("No layer was timed."));
    EXPECT_THAT(page, HasSubstr("This run timed nothing"));
    EXPECT_THAT(page, HasSubstr("No candidate failed."));
    EXPECT_THAT(page, Not(HasSubstr("nan")));
    expect_balanced(page);
}

}  // namespace
}  // namespace hardnet::testing
