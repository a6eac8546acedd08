#include "stand_in.h"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "counted_calls.h"

namespace {

using hardnet::stand_in::Kernels;

// Results, by the driver's names.
enum {
    kInvalidValue = 1,
    kOutOfMemory = 2,
    kNoDevice = 100,
    kInvalidDevice = 101,
    kInvalidContext = 201,
    kInvalidHandle = 400,
    kNotFound = 500,
    kNotReady = 600,
    kStreamCaptureUnsupported = 900
};
const std::map<int, const char *> kNames = {
    {1, "CUDA_ERROR_INVALID_VALUE"},       {2, "CUDA_ERROR_OUT_OF_MEMORY"},
    {3, "CUDA_ERROR_NOT_INITIALIZED"},     {100, "CUDA_ERROR_NO_DEVICE"},
    {101, "CUDA_ERROR_INVALID_DEVICE"},    {201, "CUDA_ERROR_INVALID_CONTEXT"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"}, {218, "CUDA_ERROR_INVALID_PTX"},
    {200, "CUDA_ERROR_INVALID_IMAGE"},     {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE"}, {400, "CUDA_ERROR_INVALID_HANDLE"},
    {500, "CUDA_ERROR_NOT_FOUND"},         {600, "CUDA_ERROR_NOT_READY"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},   {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED"},
    {719, "CUDA_ERROR_LAUNCH_FAILED"},     {999, "CUDA_ERROR_UNKNOWN"},
};

struct Launch {
    std::string name;
    unsigned grid[3], block[3], shared_bytes;
    std::vector<uint64_t> parameters;
};
using Work = std::function<void()>;
struct Context {
    int device;
};
struct Stream {
    std::deque<Work> queued;
    std::optional<std::vector<Launch>> captured;
};
struct Module {};
struct Function {
    Module *module;
    std::string name;
};
struct Graph {
    std::vector<Launch> launches;
    std::shared_ptr<int> held = std::make_shared<int>();  // by this and by what is queued of it
};
struct Event {
    int64_t at_ns = -1;
};
// The process's one driver. A handle is alive while it is in its set.
struct Driver {
    std::recursive_mutex mutex;
    Kernels *kernels = nullptr;
    int devices = 2, version = 12040, major = 9, minor = 0;
    hardnet::CountedCalls calls;
    int launches = 0;
    size_t bytes_in = 0, bytes_out = 0;
    std::vector<std::string> violations;
    std::map<uint64_t, size_t> memory;
    std::map<const void *, size_t> registered;
    std::set<Context *> contexts;
    Context primary[8];
    int retained[8] = {};
    std::set<Stream *> streams;
    std::set<Module *> modules;
    std::map<std::pair<Module *, std::string>, std::unique_ptr<Function>> functions;
    std::set<Graph *> graphs, execs;
    std::set<Event *> events;
};
// Made by the first that asks, which may be another file's constant.
Driver &driver() {
    static auto *const made = new Driver;
    return *made;
}
thread_local std::vector<Context *> stack;

using Lock = std::lock_guard<std::recursive_mutex>;

int violate(const std::string &what, int result) {
    driver().violations.push_back(what);
    return result;
}

// As CountedCalls::enter; most want a context.
int enter(const char *function, bool needs_context = true, bool gives_back = false) {
    if (const int result = driver().calls.enter(function, gives_back)) return result;
    if (needs_context && stack.empty())
        return violate(std::string(function) + " without a context", kInvalidContext);
    return 0;
}

bool in_memory(uint64_t address, size_t bytes) {
    auto after = driver().memory.upper_bound(address);
    if (after == driver().memory.begin()) return false;
    const auto &[begin, size] = *--after;
    return address - begin <= size && bytes <= size - (address - begin);
}

bool check_memory(const char *function, uint64_t address, size_t bytes) {
    if (in_memory(address, bytes)) return true;
    violate(std::string(function) + ": an address outside the device's memory", 0);
    return false;
}

template <typename T>
bool known(const std::set<T *> &set, T *handle, const char *function) {
    if (set.count(handle)) return true;
    violate(std::string(function) + ": a handle that is none", 0);
    return false;
}

template <typename T>
int destroy(std::set<T *> *set, T *handle, const char *function) {
    if (!known(*set, handle, function)) return kInvalidHandle;
    set->erase(handle);
    delete handle;
    return 0;
}

void run(Launch launch) {
    driver().launches++;
    std::vector<void *> parameters;
    for (uint64_t &value : launch.parameters) {
        check_memory(launch.name.c_str(), value, 1);
        parameters.push_back(&value);
    }
    driver().kernels->launch(launch.name, launch.grid, launch.block, launch.shared_bytes, parameters.data());
}

void finish_stream(Stream *stream) {
    while (!stream->queued.empty()) {
        const Work work = std::move(stream->queued.front());
        stream->queued.pop_front();
        work();
    }
}

int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

uint64_t take(size_t bytes) {
    void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(memory, 0xff, bytes);  // as float32: not a number
    driver().memory[reinterpret_cast<uint64_t>(memory)] = bytes;
    return reinterpret_cast<uint64_t>(memory);
}

int give_back(uint64_t address) {
    if (!driver().memory.erase(address)) return violate("an address given back that is none", kInvalidValue);
    for (Stream *stream : driver().streams) finish_stream(stream);
    std::free(reinterpret_cast<void *>(address));
    return 0;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default"))) int

API cuInit(unsigned) {
    const Lock lock(driver().mutex);
    return enter("cuInit", false);
}
API cuDriverGetVersion(int *version) {
    const Lock lock(driver().mutex);
    *version = driver().version;
    return enter("cuDriverGetVersion", false);
}
API cuGetErrorName(int result, const char **name) {
    const auto found = kNames.find(result);
    *name = found == kNames.end() ? nullptr : found->second;
    return *name ? 0 : kInvalidValue;
}
API cuDeviceGetCount(int *count) {
    const Lock lock(driver().mutex);
    *count = driver().devices;
    return enter("cuDeviceGetCount", false);
}
API cuDeviceGet(int *device, int number) {
    const Lock lock(driver().mutex);
    *device = number;
    if (const int result = enter("cuDeviceGet", false)) return result;
    return number < driver().devices ? 0 : kInvalidDevice;
}
API cuDeviceGetName(char *name, int size, int device) {
    const Lock lock(driver().mutex);
    const std::string text = "Stand-in " + std::to_string(device);
    std::strncpy(name, text.c_str(), size_t(size) - 1);
    name[size - 1] = 0;
    return enter("cuDeviceGetName", false);
}
API cuDeviceGetAttribute(int *value, int attribute, int) {
    const Lock lock(driver().mutex);
    *value = attribute == 75 ? driver().major : attribute == 76 ? driver().minor : 0;
    return enter("cuDeviceGetAttribute", false);
}
API cuDeviceTotalMem_v2(size_t *bytes, int) {
    const Lock lock(driver().mutex);
    *bytes = size_t{80} << 30;
    return enter("cuDeviceTotalMem_v2", false);
}
API cuDevicePrimaryCtxRetain(Context **context, int device) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuDevicePrimaryCtxRetain", false)) return result;
    driver().retained[device]++;
    driver().primary[device].device = device;
    driver().contexts.insert(&driver().primary[device]);
    *context = &driver().primary[device];
    return 0;
}
API cuDevicePrimaryCtxRelease_v2(int device) {
    const Lock lock(driver().mutex);
    enter("cuDevicePrimaryCtxRelease_v2", false, true);
    if (driver().retained[device] == 0)
        return violate("a primary context released more often than retained", kInvalidContext);
    if (--driver().retained[device] == 0) driver().contexts.erase(&driver().primary[device]);
    return 0;
}
API cuCtxPushCurrent_v2(Context *context) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuCtxPushCurrent_v2", false, true)) return result;
    if (!known(driver().contexts, context, "cuCtxPushCurrent_v2")) return kInvalidContext;
    stack.push_back(context);
    return 0;
}
API cuCtxPopCurrent_v2(Context **context) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuCtxPopCurrent_v2", true, true)) return result;
    *context = stack.back();
    stack.pop_back();
    return 0;
}
API cuCtxGetDevice(int *device) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuCtxGetDevice")) return result;
    *device = stack.back()->device;
    return 0;
}
API cuModuleLoadData(Module **module, const void *image) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuModuleLoadData")) return result;
    if (const int result = driver().kernels->load(static_cast<const char *>(image))) return result;
    driver().modules.insert(*module = new Module);
    return 0;
}
API cuModuleUnload(Module *module) {
    const Lock lock(driver().mutex);
    enter("cuModuleUnload", true, true);
    return destroy(&driver().modules, module, "cuModuleUnload");
}
API cuModuleGetFunction(Function **function, Module *module, const char *name) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuModuleGetFunction")) return result;
    if (!known(driver().modules, module, "cuModuleGetFunction")) return kInvalidHandle;
    if (driver().kernels->parameters(name) < 0) return kNotFound;
    std::unique_ptr<Function> &found = driver().functions[{module, name}];
    if (!found) found.reset(new Function{module, name});
    *function = found.get();
    return 0;
}
API cuFuncSetAttribute(Function *, int, int) {
    const Lock lock(driver().mutex);
    return enter("cuFuncSetAttribute");
}
API cuMemAlloc_v2(uint64_t *address, size_t bytes) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuMemAlloc_v2")) return result;
    if (bytes == 0) return violate("cuMemAlloc_v2 of nothing", kInvalidValue);
    *address = take(bytes);
    return 0;
}
API cuMemFree_v2(uint64_t address) {
    const Lock lock(driver().mutex);
    enter("cuMemFree_v2", true, true);
    return give_back(address);
}
API cuMemsetD8Async(uint64_t address, unsigned char value, size_t bytes, Stream *stream) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuMemsetD8Async")) return result;
    if (!known(driver().streams, stream, "cuMemsetD8Async") ||
        !check_memory("cuMemsetD8Async", address, bytes))
        return kInvalidValue;
    stream->queued.push_back([=] { std::memset(reinterpret_cast<void *>(address), value, bytes); });
    return 0;
}
API cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, Stream *stream) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuMemcpyHtoDAsync_v2")) return result;
    if (!known(driver().streams, stream, "cuMemcpyHtoDAsync_v2") ||
        !check_memory("cuMemcpyHtoDAsync_v2", to, bytes))
        return kInvalidValue;
    driver().bytes_in += bytes;
    stream->queued.push_back([=] { std::memcpy(reinterpret_cast<void *>(to), from, bytes); });
    return 0;
}
API cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, Stream *stream) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuMemcpyDtoHAsync_v2")) return result;
    if (!known(driver().streams, stream, "cuMemcpyDtoHAsync_v2") ||
        !check_memory("cuMemcpyDtoHAsync_v2", from, bytes))
        return kInvalidValue;
    driver().bytes_out += bytes;
    stream->queued.push_back([=] { std::memcpy(to, reinterpret_cast<void *>(from), bytes); });
    return 0;
}
API cuMemHostRegister_v2(void *memory, size_t bytes, unsigned) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuMemHostRegister_v2")) return result;
    return driver().registered.emplace(memory, bytes).second ? 0 : 712;
}
API cuMemHostUnregister(void *memory) {
    const Lock lock(driver().mutex);
    enter("cuMemHostUnregister", true, true);
    return driver().registered.erase(memory)
               ? 0
               : violate("memory unregistered that was not registered", kInvalidValue);
}
API cuPointerGetAttribute(void *value, int, uint64_t address) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuPointerGetAttribute")) return result;
    if (!in_memory(address, 1)) return kInvalidValue;
    *static_cast<unsigned *>(value) = 2;
    return 0;
}
API cuStreamCreate(Stream **stream, unsigned) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuStreamCreate")) return result;
    driver().streams.insert(*stream = new Stream);
    return 0;
}
API cuStreamDestroy_v2(Stream *stream) {
    const Lock lock(driver().mutex);
    enter("cuStreamDestroy_v2", true, true);
    if (driver().streams.count(stream)) finish_stream(stream);
    return destroy(&driver().streams, stream, "cuStreamDestroy_v2");
}
API cuStreamSynchronize(Stream *stream) {
    const Lock lock(driver().mutex);
    const int result = enter("cuStreamSynchronize");
    if (!known(driver().streams, stream, "cuStreamSynchronize")) return kInvalidHandle;
    if (result) stream->queued.clear();  // what failed is not done later
    if (result) return result;
    if (stream->captured) return kStreamCaptureUnsupported;
    finish_stream(stream);
    return 0;
}
API cuStreamBeginCapture_v2(Stream *stream, int) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuStreamBeginCapture_v2")) return result;
    if (!known(driver().streams, stream, "cuStreamBeginCapture_v2")) return kInvalidHandle;
    stream->captured.emplace();
    return 0;
}
API cuStreamEndCapture(Stream *stream, Graph **graph) {
    const Lock lock(driver().mutex);
    *graph = nullptr;
    if (!known(driver().streams, stream, "cuStreamEndCapture") || !stream->captured)
        return violate("cuStreamEndCapture of none", kInvalidHandle);
    std::vector<Launch> launches = std::move(*stream->captured);
    stream->captured.reset();
    if (const int result = enter("cuStreamEndCapture")) return result;
    driver().graphs.insert(*graph = new Graph{std::move(launches), std::make_shared<int>()});
    return 0;
}
API cuGraphInstantiateWithFlags(Graph **exec, Graph *graph, unsigned long long) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuGraphInstantiateWithFlags")) return result;
    if (!known(driver().graphs, graph, "cuGraphInstantiateWithFlags")) return kInvalidHandle;
    driver().execs.insert(*exec = new Graph{graph->launches, std::make_shared<int>()});
    return 0;
}
API cuGraphLaunch(Graph *exec, Stream *stream) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuGraphLaunch")) return result;
    if (!known(driver().execs, exec, "cuGraphLaunch") || !known(driver().streams, stream, "cuGraphLaunch"))
        return kInvalidHandle;
    for (const Launch &launch : exec->launches)
        stream->queued.push_back([launch, held = exec->held] { run(launch); });
    return 0;
}
API cuGraphDestroy(Graph *graph) {
    const Lock lock(driver().mutex);
    enter("cuGraphDestroy", true, true);
    return destroy(&driver().graphs, graph, "cuGraphDestroy");
}
API cuGraphExecDestroy(Graph *exec) {
    const Lock lock(driver().mutex);
    enter("cuGraphExecDestroy", true, true);
    if (driver().execs.count(exec) && exec->held.use_count() > 1)
        violate("cuGraphExecDestroy of one that runs", 0);
    return destroy(&driver().execs, exec, "cuGraphExecDestroy");
}
API cuLaunchKernel(Function *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream *stream,
                   void **parameters, void **) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuLaunchKernel")) return result;
    if (!known(driver().modules, function->module, "cuLaunchKernel") ||
        !known(driver().streams, stream, "cuLaunchKernel"))
        return kInvalidHandle;
    Launch launch{function->name, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared_bytes, {}};
    for (int p = 0; p < driver().kernels->parameters(function->name); p++)
        launch.parameters.push_back(*static_cast<uint64_t *>(parameters[p]));
    if (stream->captured)
        stream->captured->push_back(launch);
    else
        stream->queued.push_back([launch] { run(launch); });
    return 0;
}
API cuEventCreate(Event **event, unsigned) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuEventCreate")) return result;
    driver().events.insert(*event = new Event);
    return 0;
}
API cuEventDestroy_v2(Event *event) {
    const Lock lock(driver().mutex);
    enter("cuEventDestroy_v2", true, true);
    for (Stream *stream : driver().streams) finish_stream(stream);
    return destroy(&driver().events, event, "cuEventDestroy_v2");
}
API cuEventRecord(Event *event, Stream *stream) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuEventRecord")) return result;
    if (!known(driver().events, event, "cuEventRecord") || !known(driver().streams, stream, "cuEventRecord"))
        return kInvalidHandle;
    event->at_ns = -1;
    stream->queued.push_back([event] { event->at_ns = now_ns(); });
    return 0;
}
API cuEventElapsedTime(float *milliseconds, Event *from, Event *to) {
    const Lock lock(driver().mutex);
    if (const int result = enter("cuEventElapsedTime")) return result;
    if (!known(driver().events, from, "cuEventElapsedTime") ||
        !known(driver().events, to, "cuEventElapsedTime"))
        return kInvalidHandle;
    if (from->at_ns < 0 || to->at_ns < 0) return kNotReady;
    *milliseconds = float(double(to->at_ns - from->at_ns) / 1e6);
    return 0;
}

namespace hardnet::stand_in {

void reset() {
    const Lock lock(driver().mutex);
    driver().calls = {};
    driver().launches = 0;
    driver().bytes_in = driver().bytes_out = 0;
    driver().violations.clear();
    describe(2, 12040, 9, 0);
}

void use(Kernels *kernels) { driver().kernels = kernels; }

void describe(int devices, int version, int capability_major, int capability_minor) {
    driver().devices = devices, driver().version = version;
    driver().major = capability_major, driver().minor = capability_minor;
}

void fail(const std::string &function, int nth, int result) {
    driver().calls.fail(function, nth, result, false);
}
void lose(const std::string &function, int nth, int result) {
    driver().calls.fail(function, nth, result, true);
}
void fail_as_asked() {
    const char *asked = std::getenv("STAND_IN_FAILS");
    if (!asked) return;
    const std::string text = asked;
    const size_t at = text.find('=');
    fail(text.substr(0, at), 0, std::stoi(text.substr(at + 1)));
}
bool failed() { return driver().calls.failed(); }

int calls() { return driver().calls.all(); }
int calls_of(const std::string &function) { return driver().calls.of(function); }
size_t bytes_in() { return driver().bytes_in; }
size_t bytes_out() { return driver().bytes_out; }
size_t queued() {
    size_t sum = 0;
    for (const Stream *stream : driver().streams) sum += stream->queued.size();
    return sum;
}
int launches() { return driver().launches; }

std::map<uint64_t, size_t> memory() {
    const Lock lock(driver().mutex);
    return driver().memory;
}
size_t live_bytes() {
    size_t sum = 0;
    for (const auto &[address, bytes] : driver().memory) sum += bytes;
    return sum;
}

int live() {
    int retained = 0;
    for (const int count : driver().retained) retained += count;
    return retained + int(driver().memory.size() + driver().registered.size() + driver().streams.size() +
                          driver().modules.size() + driver().graphs.size() + driver().execs.size() +
                          driver().events.size());
}

int pushed() { return int(stack.size()); }
std::vector<std::string> violations() { return driver().violations; }

void *make_context(int device) {
    const Lock lock(driver().mutex);
    auto *context = new Context{device};
    driver().contexts.insert(context);
    return context;
}
void destroy_context(void *context) {
    const Lock lock(driver().mutex);
    destroy(&driver().contexts, static_cast<Context *>(context), "destroy_context");
}
void push(void *context) { stack.push_back(static_cast<Context *>(context)); }
void *pop() {
    void *context = stack.empty() ? nullptr : stack.back();
    if (context) stack.pop_back();
    return context;
}
void *make_stream() {
    const Lock lock(driver().mutex);
    auto *stream = new Stream;
    driver().streams.insert(stream);
    return stream;
}
void destroy_stream(void *stream) {
    const Lock lock(driver().mutex);
    destroy(&driver().streams, static_cast<Stream *>(stream), "destroy_stream");
}
void finish(void *stream) {
    const Lock lock(driver().mutex);
    finish_stream(static_cast<Stream *>(stream));
}
void *allocate(size_t bytes) {
    const Lock lock(driver().mutex);
    return reinterpret_cast<void *>(take(bytes));
}
void release(void *memory) {
    const Lock lock(driver().mutex);
    give_back(reinterpret_cast<uint64_t>(memory));
}

}  // namespace hardnet::stand_in
