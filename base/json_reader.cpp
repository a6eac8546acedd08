#include "base/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace hardnet {
namespace {

using nlohmann::json;

// JSON pointers escape "~" and "/"; the pointers here do not, so members are found one step at a time by
// their parent.
const json *child(const json *parent, const std::string &step) {
    if (parent == nullptr) return nullptr;
    if (parent->is_array()) return &(*parent)[std::stoul(step)];
    const auto found = parent->find(step);
    return found == parent->end() ? nullptr : &*found;
}

const json *resolve(const json &root, const std::string &pointer) {
    const json *value = &root;
    for (size_t begin = 0; begin < pointer.size();) {
        const size_t end = std::min(pointer.find('/', begin + 1), pointer.size());
        value = child(value, pointer.substr(begin + 1, end - begin - 1));
        begin = end;
    }
    return value;
}

std::string value_text(const json &value) {
    if (value.is_string()) return shown(value.get<std::string>());
    if (value.is_structured()) return value.is_array() ? "an array" : "an object";
    return value.dump();
}

}  // namespace

JsonObjectReader::JsonObjectReader(const JsonText &json, std::string pointer, std::optional<Error> &error)
    : json_(json), pointer_(std::move(pointer)), error_(error) {
    const nlohmann::json *value = resolve(json_.root, pointer_);
    if (value != nullptr && value->is_object()) {
        object_ = value;
    } else {
        wrong_type(pointer_, "an object", value == nullptr ? nlohmann::json() : *value);
    }
}

bool JsonObjectReader::has(const std::string &key, bool required) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    const bool found = object_ != nullptr && object_->contains(key);
    if (!found && required) fail(pointer_, "expected the key " + key + ", found none");
    return found;
}

void JsonObjectReader::read(const std::string &key, int &value) {
    if (has(key)) read_value(member(key), (*object_)[key], value);
}

void JsonObjectReader::read(const std::string &key, double &value) {
    if (has(key)) read_value(member(key), (*object_)[key], value);
}

void JsonObjectReader::read(const std::string &key, bool &value) {
    if (!has(key)) return;
    const json &found = (*object_)[key];
    if (!found.is_boolean()) return wrong_type(member(key), "true or false", found);
    value = found.get<bool>();
}

void JsonObjectReader::read(const std::string &key, std::string &value) {
    if (has(key)) read_value(member(key), (*object_)[key], value);
}

void JsonObjectReader::read(const std::string &key, std::vector<std::string> &values) {
    const std::vector<std::string> pointers = elements(key);
    std::vector<std::string> found(pointers.size());
    for (size_t i = 0; i < pointers.size(); i++) read_value(pointers[i], (*object_)[key][i], found[i]);
    if (!pointers.empty()) values = std::move(found);
}

void JsonObjectReader::read(const std::string &key, std::vector<int> &values) {
    const std::vector<std::string> pointers = elements(key);
    std::vector<int> found(pointers.size());
    for (size_t i = 0; i < pointers.size(); i++) read_value(pointers[i], (*object_)[key][i], found[i]);
    if (!pointers.empty()) values = std::move(found);
}

void JsonObjectReader::read(const std::string &key, int (&values)[2]) {
    if (const json *found = array(key, 2, "an array of 2 integers")) {
        for (size_t i = 0; i < 2; i++)
            read_value(fmt::format("{}/{}", member(key), i), (*found)[i], values[i]);
    }
}

void JsonObjectReader::read(const std::string &key, std::vector<float> &values) {
    const size_t count = values.size();
    const json *found =
        array(key, count, fmt::format("an array of {} number{}", count, count == 1 ? "" : "s"));
    for (size_t i = 0; found != nullptr && i < count; i++) {
        double value = values[i];
        read_value(fmt::format("{}/{}", member(key), i), (*found)[i], value);
        values[i] = static_cast<float>(value);
    }
}

std::vector<std::string> JsonObjectReader::elements(const std::string &key) {
    std::vector<std::string> pointers;
    if (!has(key)) return pointers;
    const json &found = (*object_)[key];
    if (!found.is_array()) wrong_type(member(key), "an array", found);
    for (size_t i = 0; found.is_array() && i < found.size(); i++) {
        pointers.push_back(fmt::format("{}/{}", member(key), i));
    }
    return pointers;
}

void JsonObjectReader::fail(const std::string &pointer, const std::string &text) {
    if (error_) return;
    const size_t name = pointer.rfind('/');
    const std::string what = name == std::string::npos ? "" : pointer.substr(1) + ": ";
    error_ = bad_input(json_.place(pointer) + ": " + what + text);
}

void JsonObjectReader::finish() {
    if (object_ == nullptr) return;
    for (const auto &item : object_->items()) {
        if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
        if (error_) return;
        error_ = bad_input(fmt::format("{}: expected one of the keys {}, found {}{}",
                                       json_.place(member(item.key())), fmt::join(known_, ", "),
                                       shown(item.key()), did_you_mean(item.key(), known_)));
    }
}

void JsonObjectReader::wrong_type(const std::string &pointer, const std::string &expected,
                                  const json &found) {
    fail(pointer, "expected " + expected + ", found " + value_text(found));
}

const json *JsonObjectReader::array(const std::string &key, size_t count, const std::string &expected) {
    if (!has(key)) return nullptr;
    const json &found = (*object_)[key];
    if (found.is_array() && found.size() == count) return &found;
    if (found.is_array())
        fail(member(key), fmt::format("expected {}, found one of {}", expected, found.size()));
    else
        wrong_type(member(key), expected, found);
    return nullptr;
}

void JsonObjectReader::read_value(const std::string &pointer, const json &found, int &value) {
    if (!found.is_number_integer()) return wrong_type(pointer, "an integer", found);
    const bool too_large = found.is_number_unsigned() && found.get<uint64_t>() > INT32_MAX;
    if (too_large || found.get<int64_t>() > INT32_MAX || found.get<int64_t>() < INT32_MIN) {
        return wrong_type(pointer, "a 32-bit integer", found);
    }
    value = found.get<int>();
}

void JsonObjectReader::read_value(const std::string &pointer, const json &found, double &value) {
    if (!found.is_number()) return wrong_type(pointer, "a number", found);
    value = found.get<double>();
}

void JsonObjectReader::read_value(const std::string &pointer, const json &found, std::string &value) {
    if (!found.is_string()) return wrong_type(pointer, "a string", found);
    value = found.get<std::string>();
}

}  // namespace hardnet
