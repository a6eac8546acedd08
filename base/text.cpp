#include "base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace hardnet {
namespace {

constexpr size_t kLongestShown = 80;

// Levenshtein distance, one row of the table at a time.
size_t edits(const std::string &a, const std::string &b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); j++) {
            const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

// A slip touches a third of the letters at most.
size_t too_far_from(const std::string &word) { return word.size() / 3 + 2; }

}  // namespace

std::string shown(const std::string &text) {
    std::string line = "\"";
    for (unsigned char c : text.substr(0, kLongestShown)) {
        if (c >= 0x20 && c < 0x7f) {
            line += static_cast<char>(c);
        } else {
            line += fmt::format("\\x{:02x}", c);
        }
    }
    return line + (text.size() > kLongestShown ? "...\"" : "\"");
}

std::vector<std::string> near_names(const std::string &word, const std::vector<std::string> &candidates,
                                    size_t most) {
    if (word.empty() || word.size() > kLongestShown) return {};
    const size_t far = too_far_from(word);
    std::vector<std::pair<size_t, std::string>> found;
    for (const std::string &candidate : candidates) {
        const size_t longer =
            std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
        const size_t distance = longer < far ? edits(word, candidate) : far;
        if (distance < far || candidate.find(word) != std::string::npos)
            found.push_back({distance, candidate});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(most, found.size()); i++) names.push_back(found[i].second);
    return names;
}

std::string nearest(const std::string &word, const std::vector<std::string> &candidates) {
    std::string best;
    if (word.size() > kLongestShown) return best;
    size_t fewest = too_far_from(word);
    for (const std::string &candidate : candidates) {
        const size_t distance = edits(word, candidate);
        if (distance < fewest) {
            fewest = distance;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(const std::string &word, const std::vector<std::string> &candidates) {
    const std::string candidate = nearest(word, candidates);
    return candidate.empty() ? "" : ", did you mean " + candidate + "?";
}

}  // namespace hardnet
