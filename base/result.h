// Result<T>: a value or an error, for everything that can fail on what a user hands in.
//
// An error's text follows one form, "<what>: expected <...>, found <...>", in lower case, and names the thing
// (file, layer, tensor). At most ten lines of detail go with it; the program prints them indented below the
// error line.
#pragma once
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hardnet {

// The program's exit codes; every error carries the one it ends the program with.
enum class ExitCode {
    kOk = 0,
    kResultNotAsAsked = 1,  // verify found a broken bound
    kUsage = 2,
    kBadInput = 3,      // weights, images, records
    kPartialBatch = 4,  // some files of a batch failed
    kEnvironment = 5,   // a tool, a device or a file system refused
    kInternal = 6,
    kInterrupted = 130,
};

struct Error {
    ExitCode code = ExitCode::kBadInput;
    std::string what;
    std::vector<std::string> detail;
};

inline Error bad_input(std::string what, std::vector<std::string> detail = {}) {
    return {ExitCode::kBadInput, std::move(what), std::move(detail)};
}
inline Error usage_error(std::string what) { return {ExitCode::kUsage, std::move(what), {}}; }
inline Error environment_error(std::string what) { return {ExitCode::kEnvironment, std::move(what), {}}; }

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(std::move(error)) {}

    explicit operator bool() const { return std::holds_alternative<T>(state_); }
    T &operator*() { return std::get<T>(state_); }
    const T &operator*() const { return std::get<T>(state_); }
    T *operator->() { return &std::get<T>(state_); }
    const T *operator->() const { return &std::get<T>(state_); }
    const Error &error() const { return std::get<Error>(state_); }

private:
    std::variant<T, Error> state_;
};

struct Unit {};
using Status = Result<Unit>;
inline Status ok() { return Unit{}; }

}  // namespace hardnet
