#include "package/fields.h"

#include <algorithm>
#include <cmath>

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 32;            // a manifest nests 4 deep
constexpr size_t kShownValueChars = 40;  // of a wrong value, in an error

std::string shown(const Json &value) {
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > kShownValueChars) text = text.substr(0, kShownValueChars) + "...";
    return text;
}

size_t edit_distance(const std::string &a, const std::string &b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            const size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row.back();
}

std::string nearest(const std::set<std::string> &names, const std::string &name) {
    std::string best;
    size_t best_distance = SIZE_MAX;
    for (const std::string &candidate : names) {
        const size_t distance = edit_distance(candidate, name);
        if (distance < best_distance) best = candidate, best_distance = distance;
    }
    return best;
}

bool is_text(const Json &v) { return v.is_string(); }
bool is_integer(const Json &v) { return v.is_number_integer(); }
bool is_number(const Json &v) { return v.is_number(); }
bool is_array(const Json &v) { return v.is_array(); }
bool is_object(const Json &v) { return v.is_object(); }
bool is_any(const Json &) { return true; }

// "line 3, column 7" of byte `offset`, counted from 1.
std::string position(const std::string &text, size_t offset) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < std::min(offset, text.size()); i++) {
        if (text[i] == '\n')
            line++, column = 1;
        else
            column++;
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

Fields::Fields(const Json &object, std::string place, std::optional<Error> &error)
    : object_(&object), place_(std::move(place)), error_(&error) {}

std::string Fields::path(const std::string &key) const { return place_ + (nested_ ? "." : ": ") + key; }

void Fields::refuse(const std::string &key, const std::string &expected, const std::string &found) {
    if (!*error_) *error_ = bad_input(path(key) + ": expected " + expected + ", found " + found);
}

const Json *Fields::find(const std::string &key, const char *expected, bool (*is)(const Json &)) {
    known_.insert(key);
    const auto at = object_->find(key);
    if (at == object_->end()) {
        refuse(key, expected, "nothing");
        return nullptr;
    }
    if (is(*at)) return &*at;
    refuse(key, expected, shown(*at));
    return nullptr;
}

std::string Fields::text(const std::string &key) {
    const Json *value = find(key, "a text", is_text);
    return value ? value->get<std::string>() : std::string();
}

int64_t Fields::integer(const std::string &key, int64_t least, int64_t most) {
    const Json *value = find(key, "an integer", is_integer);
    if (!value) return least;
    const bool huge = value->is_number_unsigned() && value->get<uint64_t>() > uint64_t(INT64_MAX);
    if (!huge && value->get<int64_t>() >= least && value->get<int64_t>() <= most)
        return value->get<int64_t>();
    refuse(key, "an integer from " + std::to_string(least) + " to " + std::to_string(most), shown(*value));
    return least;
}

double Fields::number(const std::string &key) {
    const Json *value = find(key, "a number", is_number);
    if (!value) return 0;
    const double number = value->get<double>();
    if (std::isfinite(number) && number >= 0) return number;
    refuse(key, "a number that is not negative", shown(*value));
    return 0;
}

std::vector<std::string> Fields::texts(const std::string &key) {
    const Json *value = find(key, "a list of texts", is_array);
    std::vector<std::string> texts;
    for (size_t i = 0; value && i < value->size(); i++) {
        if (!(*value)[i].is_string()) {
            refuse(key + "[" + std::to_string(i) + "]", "a text", shown((*value)[i]));
            break;
        }
        texts.push_back((*value)[i].get<std::string>());
    }
    return texts;
}

std::vector<float> Fields::floats(const std::string &key, size_t count) {
    const std::string expected = "a list of " + std::to_string(count) + " numbers";
    const Json *value = find(key, expected.c_str(), is_array);
    std::vector<float> floats;
    for (size_t i = 0; value && i < value->size() && (*value)[i].is_number(); i++)
        floats.push_back((*value)[i].get<float>());
    if (value && (floats.size() != count || value->size() != count)) refuse(key, expected, shown(*value));
    floats.resize(count);
    return floats;
}

Fields Fields::object(const std::string &key) {
    static const Json kEmpty = Json::object();
    const Json *value = find(key, "an object", is_object);
    Fields fields(value ? *value : kEmpty, path(key), *error_);
    fields.nested_ = true;
    return fields;
}

std::vector<Fields> Fields::objects(const std::string &key) {
    const Json *value = find(key, "a list of objects", is_array);
    std::vector<Fields> list;
    for (size_t i = 0; value && i < value->size(); i++) {
        const std::string element = key + "[" + std::to_string(i) + "]";
        if (!(*value)[i].is_object()) {
            refuse(element, "an object", shown((*value)[i]));
            break;
        }
        list.emplace_back((*value)[i], path(element), *error_);
        list.back().nested_ = true;
    }
    return list;
}

const Json &Fields::any(const std::string &key) {
    static const Json kNull;
    const Json *value = find(key, "a value", is_any);
    return value ? *value : kNull;
}

void Fields::done() {
    for (const auto &item : object_->items()) {
        if (known_.count(item.key())) continue;
        refuse(
            Json(item.key().substr(0, kShownValueChars)).dump(-1, ' ', true, Json::error_handler_t::replace),
            "a known key", "an unknown one (nearest: " + nearest(known_, item.key()) + ")");
        return;
    }
}

Result<Json> parse_object(const std::string &text, const std::string &file_name) {
    std::string refused;
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto check = [&](int depth, Json::parse_event_t event, Json &value) {
        if (depth > kMaxDepth && refused.empty())
            refused = "nesting of at most " + std::to_string(kMaxDepth) + ", found a deeper one";
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second &&
            refused.empty())
            refused = "every key once, found " + shown(value) + " twice";
        return refused.empty();
    };
    try {
        Json object = Json::parse(text, check);
        if (!refused.empty()) return bad_input(file_name + ": expected " + refused);
        if (!object.is_object())
            return bad_input(file_name + ": expected a JSON object, found " + shown(object));
        return object;
    } catch (const Json::parse_error &error) {
        const size_t offset = error.byte > 0 ? error.byte - 1 : 0;
        const std::string what = offset >= text.size() ? "the end of the file" : "something else";
        return bad_input(file_name + ": expected JSON, found " + what + " at " + position(text, offset));
    } catch (const Json::exception &) {  // the only other one: a number that no double holds
        return bad_input(file_name + ": expected numbers that a double holds, found a larger one");
    }
}

}  // namespace hardnet
