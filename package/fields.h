// Strict reading of a JSON object: every key is asked for by name and type, and what nobody asked for is an
// error.
//
// The first thing found wrong is kept in the reader's Error, named by its path ("m.json: levels[0].kernels");
// later reads then return defaults, so that a reader is written as a plain list of fields and checked once at
// its end.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "models/result.h"

namespace hardnet {

class Fields {
public:
    // `place` names the object: a file name, or the path of a nested object.
    Fields(const nlohmann::ordered_json &object, std::string place, std::optional<Error> &error);

    std::string text(const std::string &key);
    int64_t integer(const std::string &key, int64_t least, int64_t most);
    double number(const std::string &key);  // finite and not negative
    std::vector<std::string> texts(const std::string &key);
    std::vector<float> floats(const std::string &key, size_t count);
    Fields object(const std::string &key);
    std::vector<Fields> objects(const std::string &key);
    const nlohmann::ordered_json &any(const std::string &key);  // null where it is missing

    void done();  // every other key of the object is unknown
    void refuse(const std::string &key, const std::string &expected, const std::string &found);

private:
    std::string path(const std::string &key) const;
    const nlohmann::ordered_json *find(const std::string &key, const char *expected,
                                       bool (*is)(const nlohmann::ordered_json &));

    const nlohmann::ordered_json *object_;
    std::string place_;
    bool nested_ = false;
    std::optional<Error> *error_;
    std::set<std::string> known_;
};

// A JSON object from a file's text. Refuses what is no JSON (with line and column), doubled keys, invalid
// UTF-8 and nesting deeper than 32.
Result<nlohmann::ordered_json> parse_object(const std::string &text, const std::string &file_name);

}  // namespace hardnet
