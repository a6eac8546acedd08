#include "cli/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "cli/verification.h"
#include "graph/network_json.h"
#include "graph/task.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

// What the package is compared with, on one image.
class Other {
public:
    virtual ~Other() = default;
    virtual Result<Values> run(const std::vector<float> &input) = 0;
};

class OtherPackage : public Other {
public:
    static Result<std::unique_ptr<Other>> open(const std::string &folder, const LoadedPackage &than) {
        auto opened = LoadedPackage::load(folder, {than.threads(), ""});
        if (!opened) return opened.error();
        if (!same_layers((*opened)->model(), than.model()))
            return bad_input(fmt::format("{}: expected a package of the network of {}, found one of {}",
                                         folder, than.package().folder, (*opened)->model().name));
        return std::unique_ptr<Other>(new OtherPackage(std::move(*opened)));
    }
    Result<Values> run(const std::vector<float> &input) override {
        std::copy(input.begin(), input.end(), other_->input(0));
        if (const Status run = other_->run(); !run) return run.error();
        return other_->output_values(0);
    }

private:
    explicit OtherPackage(std::unique_ptr<LoadedPackage> other) : other_(std::move(other)) {}
    std::unique_ptr<LoadedPackage> other_;
};

class ReferenceOperators : public Other {
public:
    static Result<std::unique_ptr<Other>> open(const LoadedPackage &loaded) {
        Result<FoldedWeights> weights = package_weights(loaded);
        if (!weights) return weights.error();
        return std::unique_ptr<Other>(new ReferenceOperators(loaded.model(), std::move(*weights)));
    }
    Result<Values> run(const std::vector<float> &input) override {
        const auto layers = run_network(network_, weights_, input);
        if (!layers) return layers.error();
        Values values;
        for (const Output &output : network_.outputs) {
            const std::vector<double> exact = output_values(network_, output, *layers);
            values.emplace_back(exact.begin(), exact.end());
        }
        return values;
    }

private:
    ReferenceOperators(const Network &network, FoldedWeights weights)
        : network_(network), weights_(std::move(weights)) {}
    const Network &network_;
    FoldedWeights weights_;
};

// Of all outputs together.
double relative_rms(const Values &found, const Values &other) {
    std::vector<float> all;
    std::vector<double> expected;
    for (const std::vector<float> &v : found) all.insert(all.end(), v.begin(), v.end());
    for (const std::vector<float> &v : other) expected.insert(expected.end(), v.begin(), v.end());
    return compare(all, expected).relative_rms;
}

}  // namespace

Result<Agreement> agreement_of(LoadedPackage &loaded, const AgreementSettings &settings) {
    const Result<Task> task = task_of(loaded.model());
    if (!task) return task.error();
    if (*task == Task::kTensor || !are_of_pictures(loaded.manifest().planes()))
        return usage_error(
            "verify: --pictures: expected a network whose task and preprocessing are known, found "
            "one of raw tensors");
    auto scorer = scorer_for(*task, loaded, settings.truth);
    if (!scorer) return scorer.error();
    auto other = settings.against.empty() ? ReferenceOperators::open(loaded)
                                          : OtherPackage::open(settings.against, loaded);
    if (!other) return other.error();

    Agreement agreement;
    const auto compare_picture = [&](const PictureResult &picture) -> Status {
        if (picture.error) return *picture.error;
        if (settings.progress)
            settings.progress(agreement.pictures, int(settings.pictures.size()), picture.file);
        const Values values = loaded.output_values(picture.slot);
        const Result<Values> expected =
            (*other)->run({loaded.input(picture.slot), loaded.input(picture.slot + 1)});
        if (!expected) return expected.error();
        const double rms = relative_rms(values, *expected);
        agreement.pictures++;
        agreement.mean_rms += (rms - agreement.mean_rms) / agreement.pictures;
        if (!(rms <= agreement.worst_rms)) agreement.worst_rms = rms, agreement.worst = picture.file;
        return (*scorer)->add(picture, values, *expected);
    };
    if (const Status run = run_pictures(loaded, settings.pictures, {}, compare_picture); !run)
        return run.error();
    agreement.scores = (*scorer)->scores();
    return agreement;
}

nlohmann::ordered_json json_of(const Agreement &agreement, const std::string &other) {
    nlohmann::ordered_json scores = nlohmann::ordered_json::array();
    for (const Score &s : agreement.scores)  // a NaN is written as null
        scores.push_back({{"name", s.name},
                          {"with_other", s.with_other},
                          {"with_truth", s.with_truth},
                          {"other_with_truth", s.other_with_truth}});
    return {{"pictures", agreement.pictures},
            {"other", other},
            {"mean_relative_rms", agreement.mean_rms},
            {"worst_relative_rms", agreement.worst_rms},
            {"worst", agreement.worst},
            {"scores", scores}};
}

std::string text_of(const Agreement &agreement, const std::string &other) {
    std::string text =
        fmt::format("{} pictures beside {}: relative RMS {:.1e} in the mean, at most {:.1e} ({})\n",
                    agreement.pictures, other, agreement.mean_rms, agreement.worst_rms, agreement.worst);
    for (const Score &score : agreement.scores) {
        text += fmt::format("{}: {:.2f} %", score.name, 100 * score.with_other);
        if (!std::isnan(score.with_truth))
            text += fmt::format("; beside the truth {:.2f} %, {} {:.2f} %", 100 * score.with_truth, other,
                                100 * score.other_with_truth);
        text += "\n";
    }
    return text;
}

}  // namespace hardnet
