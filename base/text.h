// Words for error messages: what a user wrote, made fit for one line, and what they may have meant.
#pragma once
#include <string>
#include <vector>

namespace hardnet {

// `text` in quotes, fit to show: at most 80 bytes of it, bytes outside printable ASCII as \xNN.
std::string shown(const std::string &text);

// The candidate closest to `word` in single-letter edits, if it is close enough to be a slip; else "".
std::string nearest(const std::string &word, const std::vector<std::string> &candidates);

// The candidates that `word` may stand for, the closest first, at most `most`: those that a few single-letter edits make
// of it, and those that hold it.
std::vector<std::string> near_names(const std::string &word, const std::vector<std::string> &candidates,
                                    size_t most);

// ", did you mean <nearest>?" or "".
std::string did_you_mean(const std::string &word, const std::vector<std::string> &candidates);

}  // namespace hardnet
