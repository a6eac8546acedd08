#include "cli/scores.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

// Of those that are numbers.
double mean_of(const std::vector<double> &values) {
    double sum = 0, count = 0;
    for (double v : values)
        if (!std::isnan(v)) sum += v, count++;
    return sum / count;
}

}  // namespace

void ClassOverlaps::add(const LabelMap &found, const LabelMap &expected) {
    for (size_t i = 0; i < expected.labels.size(); i++) {
        const uint16_t a = found.labels[i], b = expected.labels[i];
        if (b == kUnlabelled) continue;
        if (a < either_.size()) either_[a]++;
        if (a == b)
            both_.at(a)++;
        else
            either_.at(b)++;
    }
}

std::vector<double> ClassOverlaps::shares() const {
    std::vector<double> shares;
    for (size_t c = 0; c < both_.size(); c++) shares.push_back(double(both_[c]) / double(either_[c]));
    return shares;
}

double ClassOverlaps::mean() const { return mean_of(shares()); }

double average_precision(const std::vector<Detections> &found, const std::vector<Detections> &expected,
                         int label, float least_overlap) {
    struct Candidate {
        size_t picture;
        float score;
        hardnet_box box;
    };
    std::vector<Candidate> candidates;
    std::vector<std::vector<bool>> taken;
    size_t wanted = 0;
    for (size_t p = 0; p < found.size(); p++) {
        for (const hardnet_detection &d : found[p])
            if (d.label == label) candidates.push_back({p, d.score, d.box});
        for (const hardnet_detection &d : expected[p]) wanted += d.label == label;
        taken.emplace_back(expected[p].size());
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate &a, const Candidate &b) { return a.score > b.score; });
    std::vector<double> precisions;  // at each hit
    for (size_t i = 0; i < candidates.size(); i++) {
        const Candidate &c = candidates[i];
        const Detections &here = expected[c.picture];
        size_t best = 0;
        float most = -1;
        for (size_t e = 0; e < here.size(); e++) {
            const float shared = here[e].label == label ? hardnet_overlap(here[e].box, c.box) : -1;
            if (shared > most) most = shared, best = e;
        }
        if (most < least_overlap || taken[c.picture][best]) continue;
        taken[c.picture][best] = true;
        precisions.push_back(double(precisions.size() + 1) / double(i + 1));
    }
    double area = 0, highest = 0;
    for (size_t i = precisions.size(); i-- > 0;) area += highest = std::max(highest, precisions[i]);
    return area / double(wanted);
}

double mean_average_precision(const std::vector<Detections> &found, const std::vector<Detections> &expected,
                              int classes, float least_overlap) {
    std::vector<double> precisions;
    for (int label = 0; label < classes; label++)
        precisions.push_back(average_precision(found, expected, label, least_overlap));
    return mean_of(precisions);
}

}  // namespace hardnet
