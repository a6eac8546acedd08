// The calls that a stand-in for a driver was given, counted, and one of them that is to fail.
#pragma once
#include <map>
#include <string>

namespace hardnet {

class CountedCalls {
public:
    // Counts a call; what it is to fail with, or 0. What gives back works on a lost device, too.
    int enter(const char *function, bool gives_back) {
        counts_[function]++;
        if (left_ >= 0 && (function_.empty() || function_ == function) && left_-- == 0) {
            came_ = true;
            if (lasts_) lost_ = result_;
            if (!gives_back) return result_;
        }
        return gives_back ? 0 : lost_;
    }

    // Lets a call of `function` fail with `result`: the nth of them from now on, counted from 0, and if it lasts every
    // call from then on. "" is any function.
    void fail(const std::string &function, int nth, int result, bool lasts) {
        function_ = function, left_ = nth, result_ = result, lasts_ = lasts, came_ = false;
    }
    bool failed() const { return came_; }

    int all() const {
        int sum = 0;
        for (const auto &[function, count] : counts_) sum += count;
        return sum;
    }
    int of(const std::string &function) const {
        const auto found = counts_.find(function);
        return found == counts_.end() ? 0 : found->second;
    }

private:
    std::map<std::string, int> counts_;
    std::string function_;
    int left_ = -1, result_ = 0;
    bool lasts_ = false, came_ = false;
    int lost_ = 0;  // the result of every call from here on
};

}  // namespace hardnet
