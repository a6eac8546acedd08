#include "tests/generators/kernels.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "runtime/inspect.h"

namespace hardnet::testing {
namespace {

constexpr size_t kLineBytes = 64;

template <typename T>
T pattern();
template <>
float pattern<float>() {
    constexpr uint32_t kBits = 0x7fc0beef;  // a NaN that no arithmetic makes
    float value;
    std::memcpy(&value, &kBits, sizeof value);
    return value;
}
template <>
int16_t pattern<int16_t>() {
    return INT16_MIN;  // ranges are +-most
}
template <>
int8_t pattern<int8_t>() {
    return INT8_MIN;
}
template <>
uint8_t pattern<uint8_t>() {
    return UINT8_MAX;  // tests store less
}
template <>
int32_t pattern<int32_t>() {
    return INT32_MIN;
}

void link(const std::string &library, const std::vector<std::string> &objects) {
    std::vector<std::string> command = {"cc", "-shared", "-o", library};
    command.insert(command.end(), objects.begin(), objects.end());
    std::vector<char *> argv;
    for (std::string &word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv.data());
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        throw std::runtime_error("cc did not link");
}

}  // namespace

KernelLibrary::KernelLibrary(const std::vector<KernelSpec> &specs, const Machine &machine) {
    setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 0);
    std::vector<KernelJob> jobs;
    for (const KernelSpec &spec : specs) jobs.push_back({&spec, &machine, symbol(spec, machine)});
    const Result<KernelObjects> objects = emit_kernels(jobs, 2, {});
    if (!objects) {
        std::string text = objects.error().what;
        for (const std::string &line : objects.error().detail) text += "\n  " + line;
        throw std::runtime_error(text);
    }
    std::vector<std::string> distinct = objects->paths;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());

    static std::atomic<int> number{0};
    const std::string path = (std::filesystem::temp_directory_path() / "hardnet-kernels-").string() +
                             std::to_string(getpid()) + "-" + std::to_string(number++) + ".so";
    link(path, distinct);
    library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    std::filesystem::remove(path);
    if (!library_) throw std::runtime_error(dlerror());
    for (const KernelJob &job : jobs) {
        kernels_.push_back(reinterpret_cast<hardnet_kernel>(dlsym(library_, (job.symbol + "_argv").c_str())));
        if (!kernels_.back()) throw std::runtime_error("no symbol " + job.symbol);
    }
}

KernelLibrary::~KernelLibrary() {
    if (library_) dlclose(library_);
}

template <typename T>
MemoryOf<T>::MemoryOf(size_t size) : storage_(size + kLineBytes / sizeof(T), pattern<T>()), size_(size) {
    constexpr size_t kLine = kLineBytes / sizeof(T);
    const auto address = reinterpret_cast<uintptr_t>(storage_.data()) / sizeof(T);
    data_ = storage_.data() + (kLine - address % kLine) % kLine;
}

template <typename T>
bool MemoryOf<T>::untouched(int64_t i) const {
    const T expected = pattern<T>();
    return std::memcmp(&data_[i], &expected, sizeof expected) == 0;
}

template <typename T>
bool MemoryOf<T>::same_bits(const MemoryOf &other) const {
    return size_ == other.size_ && std::memcmp(data_, other.data_, size_ * sizeof(T)) == 0;
}

template class MemoryOf<float>;
template class MemoryOf<int16_t>;
template class MemoryOf<int8_t>;
template class MemoryOf<uint8_t>;
template class MemoryOf<int32_t>;

Buffer::Buffer(const float *at_minimum, const std::vector<hardnet_dim> &dims) {
    describe(at_minimum, HARDNET_HALIDE_FLOAT, 32, dims);
}

Buffer::Buffer(const uint8_t *at_minimum, const std::vector<hardnet_dim> &dims) {
    describe(at_minimum, HARDNET_HALIDE_UINT, 8, dims);
}

Buffer::Buffer(const int16_t *at_minimum, const std::vector<hardnet_dim> &dims) {
    describe(at_minimum, HARDNET_HALIDE_INT, 16, dims);
}

Buffer::Buffer(const int8_t *at_minimum, const std::vector<hardnet_dim> &dims) {
    describe(at_minimum, HARDNET_HALIDE_INT, 8, dims);
}

Buffer::Buffer(const int32_t *at_minimum, const std::vector<hardnet_dim> &dims) {
    describe(at_minimum, HARDNET_HALIDE_INT, 32, dims);
}

Buffer::Buffer(const Buffer &other) : raw_(other.raw_) {
    std::copy(other.dims_, other.dims_ + HARDNET_VIEW_RANK, dims_);
    raw_.dim = dims_;
}

void Buffer::describe(const void *at_minimum, int code, int bits, const std::vector<hardnet_dim> &dims) {
    for (size_t d = 0; d < dims.size(); d++) dims_[d] = {dims[d].min, dims[d].extent, dims[d].stride, 0};
    raw_.host = static_cast<uint8_t *>(const_cast<void *>(at_minimum));
    raw_.type.code = uint8_t(code);
    raw_.type.bits = uint8_t(bits);
    raw_.type.lanes = 1;
    raw_.dimensions = int32_t(dims.size());
    raw_.dim = dims_;
}

Buffer Buffer::cropped(int dim, int begin, int end) const {
    Buffer part = *this;
    hardnet_halide_dim &d = part.dims_[dim];
    part.raw_.host += int64_t{begin - d.min} * d.stride * (raw_.type.bits / 8);
    d.min = begin;
    d.extent = end - begin;
    return part;
}

void call(hardnet_kernel kernel, std::vector<Buffer> arguments) {
    std::vector<void *> pointers;
    for (Buffer &argument : arguments) pointers.push_back(argument.raw());
    ASSERT_EQ(kernel(pointers.data()), 0);
}

const Machine &OnEveryMachine::machine() const {
    for (const Machine &machine : machines(Precision::kInt8)) {
        if (machine.level == GetParam()) return machine;
    }
    throw std::runtime_error("no machine " + GetParam());
}

std::string OnEveryMachine::missing() const {
    const uint32_t missing = machine().features & ~hardnet_cpu_features();
    char text[256] = "";
    if (missing) hardnet_feature_names(missing, text, sizeof text);
    return text;
}

namespace {

template <typename F>
std::vector<std::string> levels_where(F multiplies) {
    std::vector<std::string> levels;
    for (const Machine &machine : machines(Precision::kInt8)) {
        if (multiplies(machine)) levels.push_back(machine.level);
    }
    return levels;
}

}  // namespace

std::vector<std::string> int16_levels() {
    return levels_where([](const Machine &m) { return m.int16; });
}
std::vector<std::string> int8_levels() {
    return levels_where([](const Machine &m) { return m.dot_factor.has_value(); });
}
std::vector<std::string> integer_levels() {
    return levels_where([](const Machine &m) { return m.int16 || m.dot_factor; });
}

std::vector<std::string> machine_levels() {
    std::vector<std::string> levels;
    for (const Machine &machine : machines()) levels.push_back(machine.level);
    return levels;
}

}  // namespace hardnet::testing
