#include "cli/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "cli/layer_figures.h"
#include "hardnet/hardnet.h"
#include "runtime/inspect.h"

namespace hardnet {
namespace {

constexpr char kStyle[] = R"(
:root { --ink: #1c2733; --dim: #5d6b7a; --page: #fff; --line: #dde3ea; --model: #b9c6d4; --tuned: #2468b4; --least: #c2410c;
  --good: #1a7f37; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --dim: #93a1b0; --page: #12181f; --line: #2c3743;
  --model: #4a5a6b; --tuned: #5aa2f0; --least: #fb923c; --good: #4ade80; --bad: #f87171 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 78rem; margin: 2rem auto;
  padding: 0 1.2rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem }
p { max-width: 66rem } .dim, th, figcaption { color: var(--dim) } .number { font-size: 1.9rem; margin: .6rem 0 0 }
figure { margin: 0 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { font-weight: 500; text-align: left; font-size: .85rem } td, th { padding: .2rem .8rem .2rem 0; white-space: nowrap }
td { border-top: 1px solid var(--line) } td.wrap { white-space: normal } .right { text-align: right }
.good { color: var(--good); font-weight: 600 } .bad { color: var(--bad) } code { font-size: .8rem }
svg { display: block } svg text { font: 12px system-ui, sans-serif; fill: var(--dim) }
.model { fill: var(--model) } .tuned { fill: var(--tuned) } .least { fill: var(--least) } .axis { stroke: var(--line) }
.spread { stroke: var(--ink) } .best { fill: none; stroke: var(--tuned); stroke-width: 2 } .dot { fill: var(--tuned) }
.key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 .8rem; vertical-align: -.1rem }
summary { cursor: pointer; color: var(--dim) }
)";

std::string escaped(const std::string &text) {
    std::string safe;
    for (char c : text) {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else if (c == '"')
            safe += "&quot;";
        else
            safe += c;
    }
    return safe;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 1; }

std::string percent(double value) { return fmt::format("{:.1f} %", value * 100); }

// "base.1 and 3 more"; all of them when pointed at.
std::string layers_cell(const ProblemReport &p) {
    std::string all, shown = escaped(p.layers.front());
    for (const std::string &layer : p.layers) all += (all.empty() ? "" : ", ") + layer;
    if (p.layers.size() > 1) shown += fmt::format(" <span class=dim>and {} more</span>", p.layers.size() - 1);
    return fmt::format("<td title=\"{}\">{}", escaped(all), shown);
}

// The model's time in grey, that of what is taken over it with its bounds, and a tick at the least time.
std::string bar(const ProblemReport &p, double least_ms, double most_ms) {
    constexpr int kWidth = 170, kHeight = 18;
    const auto x = [&](double ms) { return ms / most_ms * (kWidth - 4); };
    std::string svg =
        fmt::format("<svg width={} height={} role=img aria-label=\"{:.4f} ms, {:.4f} ms by the model\">",
                    kWidth, kHeight, p.ms, p.model_ms);
    svg += fmt::format("<rect class=model y=2 width={:.1f} height=14 rx=1 />", x(p.model_ms));
    if (p.ms < p.model_ms) {
        svg += fmt::format("<rect class=tuned y=5 width={:.1f} height=8 rx=1 />", x(p.ms));
        svg += fmt::format("<path class=spread d='M{:.1f} 9H{:.1f}'/>", x(p.low * p.model_ms),
                           x(p.high * p.model_ms));
    }
    if (least_ms > 0)
        svg += fmt::format("<rect class=least x={:.1f} width=2 height={} />", x(least_ms), kHeight);
    return svg + "</svg>";
}

double least_of(const ProblemReport &p, const std::map<std::string, double> &least_ms) {
    double sum = 0;
    for (const std::string &layer : p.layers) {
        const auto least = least_ms.find(layer);
        if (least == least_ms.end()) return 0;
        sum += least->second;
    }
    return sum;
}

std::string layer_row(const ProblemReport &p, double least_ms, double most_ms) {
    std::string row = "<tr>" + layers_cell(p) + "<td>" + escaped(describe(p.problem)) + "<td><code>" +
                      describe(p.model, p.problem.op);
    if (!(p.parameters == p.model)) row += "<br>&rarr; " + describe(p.parameters, p.problem.op);
    row += "</code><td>" + bar(p, least_ms, most_ms);
    row += fmt::format("<td class=right>{:.4f}<td class=right>{:.4f}<td class=right>", p.model_ms, p.ms);
    if (p.ms < p.model_ms)
        row += "<span class=good>" + percent(1 - share(p.ms, p.model_ms)) + "</span>";
    else
        row += p.settled ? "<span class=dim>none</span>" : "<span class=dim>open</span>";
    row += "<td class=right>" + (least_ms > 0 ? fmt::format("{:.0f} %", share(least_ms, p.ms) * 100) : "-");
    return row + "\n";
}

// `least_ms`: per layer, none where it is not known.
std::string stage_section(const std::string &title, const StageReport &report,
                          const std::map<std::string, double> &least_ms) {
    std::vector<const ProblemReport *> rows;
    for (const ProblemReport &p : report.problems)
        if (p.model_ms > 0) rows.push_back(&p);
    if (rows.empty()) return "<h2>" + title + "</h2>\n<p>No layer was timed.\n";
    std::stable_sort(rows.begin(), rows.end(), [](const ProblemReport *a, const ProblemReport *b) {
        return a->model_ms > b->model_ms;
    });
    std::string html =
        "<h2>" + title +
        "</h2>\n<p class=dim>The dearest first. "
        "<span class=key style='background:var(--model)'></span>the cost model's choice"
        "<span class=key style='background:var(--tuned)'></span>what is taken, with the bounds of its time"
        "<span class=key style='background:var(--least)'></span>least time by this machine's limits, of "
        "which so much is reached</p>\n"
        "<div class=wide><table><tr><th>layers<th>what is tuned<th>choice<th>time<th class=right>model, "
        "ms<th "
        "class=right>taken, "
        "ms<th class=right>gain<th class=right>reached\n";
    for (const ProblemReport *p : rows) html += layer_row(*p, least_of(*p, least_ms), rows.front()->model_ms);
    return html + "</table></div>\n";
}

// A round step for about five marks up to `most`.
double mark_step(double most) {
    const double power = std::pow(10, std::floor(std::log10(most / 5)));
    for (double factor : {1, 2, 5})
        if (most / (factor * power) <= 6) return factor * power;
    return 10 * power;
}

std::string history_chart(const std::vector<SearchReport::Moment> &history) {
    constexpr double kWidth = 900, kHeight = 240, kLeft = 56, kBottom = 34, kTop = 10, kRight = 12;
    double least = 1;
    for (const auto &m : history) least = std::min(least, share(m.best_ms, m.model_ms));
    const double low = std::min(0.98, least - 0.01), seconds = std::max(1.0, history.back().seconds * 1.02);
    const auto x = [&](double t) { return kLeft + t / seconds * (kWidth - kLeft - kRight); };
    const auto y = [&](double value) { return kTop + (1 - value) / (1 - low) * (kHeight - kTop - kBottom); };
    std::string svg = fmt::format(
        "<svg viewBox='0 0 {} {}' width='100%' style='max-width:{}px' role=img "
        "aria-label='best so far against time'>\n",
        kWidth, kHeight, kWidth);
    const double step = mark_step(1 - low);
    for (double value = 1; value > low - 1e-9; value -= step)
        svg += fmt::format(
            "<path class=axis d='M{} {:.1f}H{}'/><text x={} y={:.1f} text-anchor=end>{:.4g} %</text>\n",
            kLeft, y(value), kWidth - kRight, kLeft - 6, y(value) + 4, value * 100);
    for (double t = 0; t <= seconds; t += mark_step(seconds))
        svg += fmt::format("<text x={:.1f} y={} text-anchor=middle>{:g} s</text>\n", x(t),
                           kHeight - kBottom + 20, t);
    std::string path = fmt::format("M{:.1f} {:.1f}", x(0), y(1)), dots;
    for (const auto &m : history) {
        const double at = share(m.best_ms, m.model_ms);
        path += fmt::format("H{:.1f}V{:.1f}", x(m.seconds), y(at));
        dots += fmt::format(
            "<circle class=dot cx={:.1f} cy={:.1f} r=3><title>{:.0f} s: {:.3f} of {:.3f} ms</title></circle>",
            x(m.seconds), y(at), m.seconds, m.best_ms, m.model_ms);
    }
    return svg + "<path class=best d='" + path + "'/>" + dots + "</svg>\n";
}

std::string history_section(const SearchReport &search) {
    std::string html = "<h2>Trials of kernels</h2>\n";
    if (search.history.empty())
        return html + "<p>This run timed nothing: what is shown was measured by earlier ones.\n";
    return html + "<figure>" + history_chart(search.history) +
           fmt::format(
               "<figcaption>Best so far as a share of the model's time, behind each of {} trials of this "
               "run. "
               "It rises where a later, longer measurement takes a promise back.</figcaption></figure>\n",
               search.history.size());
}

std::string verdict_rows(const StageReport &report, bool failures, int &count) {
    std::string rows;
    for (const ProblemReport &p : report.problems) {
        for (const ProblemReport::Verdict &v : p.verdicts) {
            if (v.failed != failures) continue;
            count++;
            rows += "<tr><td>" + escaped(describe(p.problem)) + "<td><code>" +
                    describe(v.parameters, p.problem.op) + "</code><td class=wrap>" + escaped(v.text) + "\n";
        }
    }
    return rows;
}

std::string verdicts_section(const TuneReport &report) {
    const std::string head = "<div class=wide><table><tr><th>what is tuned<th>choice<th>result\n";
    int failures = 0, others = 0;
    std::string failed, rest;
    for (const StageReport *stage : {&report.algorithms, &report.kernels}) {
        failed += verdict_rows(*stage, true, failures);
        rest += verdict_rows(*stage, false, others);
    }
    std::string html = "<h2>What failed</h2>\n";
    html += failures ? head + failed + "</table></div>\n" : "<p>No candidate failed.\n";
    return html +
           fmt::format(
               "<h2>All other candidates</h2>\n<details><summary>{} candidates and what became of "
               "them</summary>\n",
               others) +
           head + rest + "</table></div></details>\n";
}

}  // namespace

std::string tune_report_page(const TuneReport &report, const TunedNetwork &network) {
    const std::string title = fmt::format("Tuning {} at {}", escaped(network.name), escaped(network.input));
    std::string html =
        "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport "
        "content='width=device-width'>\n<title>" +
        title + "</title>\n<style>" + kStyle + "</style>\n<h1>" + title + "</h1>\n";
    html += fmt::format("<div class=dim>{}, {}, {} thread{}; hardnet {}</div>\n", escaped(report.cpu),
                        report.level, network.threads, network.threads == 1 ? "" : "s", hardnet_version());
    const StageReport &kernels = report.kernels;
    if (kernels.model_ms > 0)
        html += fmt::format("<div class=number>{:.3f} &rarr; {:.3f} ms, {} less</div>\n", kernels.model_ms,
                            kernels.ms, percent(1 - kernels.ms / kernels.model_ms));
    const int open = int(kernels.problems.size()) - kernels.settled;
    html += fmt::format(
        "<p>Of the kernels whose parameters were searched, by the cost model's and by those taken. Of {} "
        "kinds "
        "{} do better by other parameters than the model's, {} are best as they were{}.\n",
        kernels.problems.size(), kernels.changed, kernels.settled - kernels.changed,
        open > 0 ? fmt::format(", {} are open", open) : "");
    if (!report.algorithms.problems.empty())
        html += stage_section("Algorithms of the 3x3 layers", report.algorithms, {});
    return html + stage_section("Kernels", kernels, network.least_ms) + history_section(kernels.search) +
           verdicts_section(report) + "</html>\n";
}

Status write_tune_report(const std::string &path, const TuneReport &report, TunedNetwork network,
                         const std::string &package) {
    constexpr double kSeconds = 0.5;
    auto loaded = LoadedPackage::load(package, {network.threads, report.level, nullptr});
    if (!loaded) return loaded.error();
    auto steps = time_steps(**loaded, {0, kSeconds});
    if (!steps) return steps.error();
    // As the tuner counts: without the transforms of inputs, whatever the blocks.
    steps->erase(std::remove_if(steps->begin(), steps->end(),
                                [&](const StepTiming &step) {
                                    return hardnet_step_at((*loaded)->context(), step.step)->kind ==
                                           HARDNET_STEP_INPUT_TRANSFORM;
                                }),
                 steps->end());
    for (const LayerFigures &f : layer_figures(**loaded, *steps, limits_for(**loaded)))
        network.least_ms[f.layer] = f.bound_ms();
    const std::string page = tune_report_page(report, network);
    return write_file(path, {{page.data(), page.size()}});
}

}  // namespace hardnet
