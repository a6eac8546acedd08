#include "base/json_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include "base/text.h"

namespace hardnet {
namespace {

using nlohmann::json;
using Event = json::parse_event_t;

constexpr int kMaxDepth = 16;
constexpr size_t kMaxBytes = size_t{4} << 20;

// Reads the text and tells how far the parser has come.
struct CountingIterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char *;
    using reference = const char &;

    const char *at;
    const char **furthest;

    reference operator*() const { return *at; }
    CountingIterator &operator++() {
        *furthest = ++at;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(const CountingIterator &o) const { return at == o.at; }
    bool operator!=(const CountingIterator &o) const { return at != o.at; }
};

std::string place_of(const std::string &file_name, const std::string &text, size_t offset) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
    const auto line = 1 + std::count(text.begin(), end, '\n');
    const auto line_start = std::find(std::make_reverse_iterator(end), text.rend(), '\n').base();
    return fmt::format("{}:{}:{}", file_name, line, std::max<std::ptrdiff_t>(1, end - line_start));
}

// Follows the parser through the text: where it is, which keys it has seen, and the first thing wrong.
class Tracker {
public:
    explicit Tracker(JsonText &json) : json_(json) {}

    std::string error;  // "expected ..., found ..."
    size_t error_place = 0;

    bool on_event(int depth, Event event, const json &value, size_t end) {
        if (!error.empty()) return false;
        switch (event) {
            case Event::key:
                open_.back().key = value.get<std::string>();
                return on_key(end);
            case Event::object_start:
            case Event::array_start:
                if (depth >= kMaxDepth)
                    return fail(fmt::format("expected at most {} levels, found more", kMaxDepth), end);
                open_.push_back({begin_value(end), event == Event::array_start, 0, "", {}});
                return true;
            case Event::object_end:
            case Event::array_end:
                open_.pop_back();
                return true;
            case Event::value:
                begin_value(value.is_number() ? end - 1 : end);  // a number ends where something else begins
                return true;
        }
        return true;
    }

private:
    struct Open {
        std::string pointer;
        bool is_array;
        size_t elements;             // of an array, so far
        std::string key;             // of an object, the last one
        std::set<std::string> keys;  // of an object, so far
    };
    JsonText &json_;
    std::vector<Open> open_;

    bool fail(const std::string &text, size_t end) {
        error = text;
        error_place = end;
        return false;
    }

    bool on_key(size_t end) {
        Open &object = open_.back();
        const size_t start = end - std::min(end, object.key.size() + 1);  // escapes apart
        if (!object.keys.insert(object.key).second) {
            return fail("expected every key once, found " + shown(object.key) + " again", start);
        }
        json_.places[object.pointer + "/" + object.key] = start;
        return true;
    }

    // The pointer of the value that begins here; a key's place stands for its value's.
    std::string begin_value(size_t end) {
        if (open_.empty()) return "";
        Open &parent = open_.back();
        if (!parent.is_array) return parent.pointer + "/" + parent.key;
        const std::string pointer = fmt::format("{}/{}", parent.pointer, parent.elements++);
        json_.places.emplace(pointer, end);
        return pointer;
    }
};

// The library's own words without its prefix: "syntax error while parsing value - unexpected ...".
std::string parser_words(const std::string &what) {
    const size_t column = what.find("column ");
    const size_t words = column == std::string::npos ? what.find("] ") : what.find(": ", column);
    std::string line = words == std::string::npos ? what : what.substr(words + 2, 160);
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return line;
}

}  // namespace

std::string JsonText::place(const std::string &pointer) const {
    const auto found = places.find(pointer);
    return found == places.end() ? file_name : place_of(file_name, text, found->second);
}

Result<JsonText> parse_json(const std::string &text, const std::string &file_name) {
    if (text.size() > kMaxBytes) {
        return bad_input(
            fmt::format("{}: expected at most {} bytes, found {}", file_name, kMaxBytes, text.size()));
    }
    JsonText parsed{file_name, text, {}, {}};
    Tracker tracker(parsed);
    const char *const begin = text.data();
    const char *furthest = begin;
    const auto offset = [&] { return static_cast<size_t>(furthest - begin); };
    std::string syntax_error;
    try {
        parsed.root =
            json::parse(CountingIterator{begin, &furthest}, CountingIterator{begin + text.size(), &furthest},
                        [&](int depth, Event event, const json &value) {
                            return tracker.on_event(depth, event, value, offset());
                        });
    } catch (const json::exception &exception) {
        syntax_error = "expected JSON, found " + parser_words(exception.what());
    }
    // What the tracker found came first.
    if (!tracker.error.empty()) {
        return bad_input(place_of(file_name, text, tracker.error_place) + ": " + tracker.error);
    }
    if (!syntax_error.empty()) return bad_input(place_of(file_name, text, offset()) + ": " + syntax_error);
    return parsed;
}

}  // namespace hardnet
