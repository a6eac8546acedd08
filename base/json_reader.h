// Reads the members of one JSON object into variables; the first thing wrong is kept as the error.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json_text.h"

namespace hardnet {

class JsonObjectReader {
public:
    // `pointer` names the object; `error` is shared by the readers of one text and outlives them.
    JsonObjectReader(const JsonText &json, std::string pointer, std::optional<Error> &error);

    // Whether the object has the member; from then on the key is known. A missing member is an error if
    // `required`.
    bool has(const std::string &key, bool required = false);

    // Each of these leaves `value` as it is where the member is missing or wrong.
    void read(const std::string &key, int &value);
    void read(const std::string &key, double &value);
    void read(const std::string &key, bool &value);
    void read(const std::string &key, std::string &value);
    void read(const std::string &key, std::vector<std::string> &values);
    void read(const std::string &key, std::vector<int> &values);
    void read(const std::string &key, int (&values)[2]);
    void read(const std::string &key, std::vector<float> &values);  // as many as `values` has

    // The pointers of an array's elements.
    std::vector<std::string> elements(const std::string &key);
    std::string member(const std::string &key) const { return pointer_ + "/" + key; }

    void fail(const std::string &pointer, const std::string &text);  // "expected ..., found ..."

    // Behind the last member: a key that nothing asked for is an error.
    void finish();

private:
    const JsonText &json_;
    std::string pointer_;
    std::optional<Error> &error_;
    const nlohmann::json *object_ = nullptr;  // null if the pointer does not name an object
    std::vector<std::string> known_;

    void wrong_type(const std::string &pointer, const std::string &expected, const nlohmann::json &found);
    const nlohmann::json *array(const std::string &key, size_t count, const std::string &expected);
    void read_value(const std::string &pointer, const nlohmann::json &found, int &value);
    void read_value(const std::string &pointer, const nlohmann::json &found, double &value);
    void read_value(const std::string &pointer, const nlohmann::json &found, std::string &value);
};

}  // namespace hardnet
