// JSON that a user wrote: parsed strictly, and every value's place remembered, so that an error names line
// and column.
#pragma once
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace hardnet {

struct JsonText {
    std::string file_name;
    std::string text;
    nlohmann::json root;
    // JSON pointer ("/blocks/0/layers") -> characters up to and with its key's first or, in an array, its own
    // last.
    std::map<std::string, size_t> places;

    // "<file>:<line>:<column>" of what `pointer` names; the file's name alone if it names nothing.
    std::string place(const std::string &pointer) const;
};

// Refuses what RFC 8259 refuses, and also duplicate keys, nesting over 16 and files over 4 MiB.
Result<JsonText> parse_json(const std::string &text, const std::string &file_name);

}  // namespace hardnet
