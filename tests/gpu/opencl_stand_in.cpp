#include "opencl_stand_in.h"

#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "counted_calls.h"

// OpenCL's handles are pointers to these, which it declares.
struct _cl_platform_id {
    int number;
};
struct _cl_device_id {
    int number;
};
struct _cl_context {};
struct _cl_command_queue {
    std::deque<std::function<void()>> queued;
    bool timed;
};
struct _cl_mem {
    std::vector<char> bytes;
};
struct _cl_program {
    std::string text, log;
};
struct _cl_kernel {
    std::string name;
    struct Set {
        hardnet_cl_memory memory = nullptr;  // else a number
        int32_t number = 0;
        bool is_set = false;
    };
    std::vector<Set> parameters;
};
struct _cl_event {
    uint64_t begin_ns = 0, end_ns = 0;
};

namespace hardnet::opencl_stand_in {
namespace {

enum {
    kInvalidValue = -30,
    kInvalidKernelName = -46,
    kInvalidArgIndex = -49,
    kInvalidKernelArgs = -52,
    kInvalidHandle = -34
};

struct Library {
    std::recursive_mutex mutex;
    Kernels *kernels = nullptr;
    int platforms = 2;
    std::string version;
    size_t most_threads = 0;
    bool has_gpu = true;
    CountedCalls calls;
    std::vector<std::string> violations;
    std::set<const void *> live;
    std::set<hardnet_cl_queue> queues;
};
Library &library() {
    static auto *const made = new Library;
    return *made;
}
_cl_platform_id platform_ids[2] = {{0}, {1}};
_cl_device_id device_ids[2] = {{0}, {1}};

using Lock = std::lock_guard<std::recursive_mutex>;

int violate(const std::string &what, int result) {
    library().violations.push_back(what);
    return result;
}

int enter(const char *function, bool gives_back = false) {
    return library().calls.enter(function, gives_back);
}

bool known(const void *handle, const char *function) {
    if (library().live.count(handle)) return true;
    violate(std::string(function) + ": a handle that is none", 0);
    return false;
}

template <typename T>
T *keep(T *made, int32_t *result) {
    library().live.insert(made);
    *result = 0;
    return made;
}

template <typename T>
int give_back(T *handle, const char *function) {
    const Lock lock(library().mutex);
    enter(function, true);
    if (!known(handle, function)) return kInvalidHandle;
    library().live.erase(handle);
    delete handle;
    return 0;
}

uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
}

int put(const void *from, size_t bytes, size_t size, void *value, size_t *needed) {
    if (needed) *needed = bytes;
    if (value && size < bytes) return kInvalidValue;
    if (value) std::memcpy(value, from, bytes);
    return 0;
}
int put(const std::string &text, size_t size, void *value, size_t *needed) {
    return put(text.c_str(), text.size() + 1, size, value, needed);
}

// ---- devices

int32_t get_platform_ids(uint32_t room, hardnet_cl_platform *platforms, uint32_t *count) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetPlatformIDs")) return result;
    *count = uint32_t(library().platforms);
    for (uint32_t i = 0; i < *count && i < room; i++) platforms[i] = &platform_ids[i];
    return *count ? 0 : HARDNET_CL_PLATFORM_NOT_FOUND;
}
int32_t get_platform_info(hardnet_cl_platform platform, uint32_t, size_t size, void *value, size_t *needed) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetPlatformInfo")) return result;
    return put("Platform " + std::to_string(platform->number), size, value, needed);
}
int32_t get_device_ids(hardnet_cl_platform platform, uint64_t, uint32_t room, hardnet_cl_device *devices,
                       uint32_t *count) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetDeviceIDs")) return result;
    if (platform->number == 1 && !library().has_gpu) return HARDNET_CL_DEVICE_NOT_FOUND;
    *count = 1;
    if (room) devices[0] = &device_ids[platform->number];
    return 0;
}
int32_t get_device_info(hardnet_cl_device device, uint32_t what, size_t size, void *value, size_t *needed) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetDeviceInfo")) return result;
    const uint64_t type = device->number == 1 ? HARDNET_CL_DEVICE_TYPE_GPU : HARDNET_CL_DEVICE_TYPE_CPU,
                   bytes = uint64_t{8} << 30;
    const uint32_t yes = 1;
    switch (what) {
        case HARDNET_CL_DEVICE_TYPE:
            return put(&type, sizeof type, size, value, needed);
        case HARDNET_CL_DEVICE_GLOBAL_MEM_SIZE:
            return put(&bytes, sizeof bytes, size, value, needed);
        case HARDNET_CL_DEVICE_COMPILER_AVAILABLE:
            return put(&yes, sizeof yes, size, value, needed);
        case HARDNET_CL_DEVICE_NAME:
            return put("Stand-in " + std::to_string(device->number), size, value, needed);
        case HARDNET_CL_DEVICE_VERSION:
            return put(library().version, size, value, needed);
        default:
            return violate("clGetDeviceInfo of what nobody knows", kInvalidValue);
    }
}

// ---- contexts, queues, memory

hardnet_cl_context create_context(const intptr_t *properties, uint32_t, const hardnet_cl_device *devices,
                                  void *, void *, int32_t *result) {
    const Lock lock(library().mutex);
    if ((*result = enter("clCreateContext"))) return nullptr;
    if (properties[0] != HARDNET_CL_CONTEXT_PLATFORM ||
        reinterpret_cast<hardnet_cl_platform>(properties[1])->number != devices[0]->number)
        violate("clCreateContext of another platform's device", 0);
    return keep(new _cl_context, result);
}
int32_t release_context(hardnet_cl_context context) { return give_back(context, "clReleaseContext"); }

hardnet_cl_queue create_command_queue(hardnet_cl_context context, hardnet_cl_device, uint64_t properties,
                                      int32_t *result) {
    const Lock lock(library().mutex);
    if ((*result = enter("clCreateCommandQueue"))) return nullptr;
    known(context, "clCreateCommandQueue");
    auto *made = keep(new _cl_command_queue{{}, properties == HARDNET_CL_QUEUE_PROFILING}, result);
    library().queues.insert(made);
    return made;
}
int32_t release_command_queue(hardnet_cl_queue queue) {
    const Lock lock(library().mutex);
    if (library().queues.erase(queue) && !queue->queued.empty())
        violate("clReleaseCommandQueue of one that runs", 0);
    return give_back(queue, "clReleaseCommandQueue");
}

hardnet_cl_memory create_buffer(hardnet_cl_context context, uint64_t, size_t bytes, void *, int32_t *result) {
    const Lock lock(library().mutex);
    if ((*result = enter("clCreateBuffer"))) return nullptr;
    known(context, "clCreateBuffer");
    return keep(new _cl_mem{std::vector<char>(bytes, char(0xff))}, result);  // as float32: not a number
}
int32_t release_mem_object(hardnet_cl_memory memory) { return give_back(memory, "clReleaseMemObject"); }

// Puts work on a range of memory into a queue.
int32_t enqueue(const char *function, hardnet_cl_queue queue, hardnet_cl_memory memory, size_t offset,
                size_t bytes, const std::function<void(char *)> &work) {
    const Lock lock(library().mutex);
    if (const int result = enter(function)) return result;
    if (!known(queue, function) || !known(memory, function)) return kInvalidHandle;
    if (offset > memory->bytes.size() || bytes > memory->bytes.size() - offset)
        return violate(std::string(function) + ": a place outside the memory", kInvalidValue);
    queue->queued.push_back([=] { work(memory->bytes.data() + offset); });
    return 0;
}
int32_t enqueue_fill_buffer(hardnet_cl_queue queue, hardnet_cl_memory memory, const void *pattern,
                            size_t pattern_bytes, size_t offset, size_t bytes, uint32_t,
                            const hardnet_cl_event *, hardnet_cl_event *) {
    if (bytes % pattern_bytes) violate("clEnqueueFillBuffer of no whole patterns", 0);
    const char value = *static_cast<const char *>(pattern);
    return enqueue("clEnqueueFillBuffer", queue, memory, offset, bytes,
                   [=](char *to) { std::memset(to, value, bytes); });
}
int32_t enqueue_write_buffer(hardnet_cl_queue queue, hardnet_cl_memory memory, uint32_t, size_t offset,
                             size_t bytes, const void *from, uint32_t, const hardnet_cl_event *,
                             hardnet_cl_event *) {
    return enqueue("clEnqueueWriteBuffer", queue, memory, offset, bytes,
                   [=](char *to) { std::memcpy(to, from, bytes); });
}

void run(hardnet_cl_queue queue) {
    while (!queue->queued.empty()) {
        const std::function<void()> work = std::move(queue->queued.front());
        queue->queued.pop_front();
        work();
    }
}
int32_t enqueue_read_buffer(hardnet_cl_queue queue, hardnet_cl_memory memory, uint32_t blocking,
                            size_t offset, size_t bytes, void *to, uint32_t, const hardnet_cl_event *,
                            hardnet_cl_event *) {
    const int32_t result = enqueue("clEnqueueReadBuffer", queue, memory, offset, bytes,
                                   [=](const char *from) { std::memcpy(to, from, bytes); });
    const Lock lock(library().mutex);
    if (result == 0 && blocking) run(queue);
    return result;
}
int32_t flush(hardnet_cl_queue queue) {
    const Lock lock(library().mutex);
    if (const int result = enter("clFlush")) return result;
    return known(queue, "clFlush") ? 0 : kInvalidHandle;
}
int32_t finish(hardnet_cl_queue queue) {
    const Lock lock(library().mutex);
    const int result = enter("clFinish");
    if (!known(queue, "clFinish")) return kInvalidHandle;
    if (result) queue->queued.clear();  // what failed is not done later
    run(queue);
    return result;
}

// ---- programs and kernels

hardnet_cl_program create_program_with_source(hardnet_cl_context context, uint32_t, const char **texts,
                                              const size_t *, int32_t *result) {
    const Lock lock(library().mutex);
    if ((*result = enter("clCreateProgramWithSource"))) return nullptr;
    known(context, "clCreateProgramWithSource");
    return keep(new _cl_program{texts[0], ""}, result);
}
int32_t build_program(hardnet_cl_program program, uint32_t, const hardnet_cl_device *, const char *, void *,
                      void *) {
    const Lock lock(library().mutex);
    if (const int result = enter("clBuildProgram")) return result;
    return library().kernels->build(program->text, &program->log);
}
int32_t get_program_build_info(hardnet_cl_program program, hardnet_cl_device, uint32_t, size_t size,
                               void *value, size_t *needed) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetProgramBuildInfo")) return result;
    return put(program->log, size, value, needed);
}
int32_t release_program(hardnet_cl_program program) { return give_back(program, "clReleaseProgram"); }

hardnet_cl_kernel create_kernel(hardnet_cl_program program, const char *name, int32_t *result) {
    const Lock lock(library().mutex);
    if ((*result = enter("clCreateKernel"))) return nullptr;
    known(program, "clCreateKernel");
    const int count = library().kernels->parameters(name);
    if (count < 0) *result = kInvalidKernelName;
    if (count < 0) return nullptr;
    return keep(new _cl_kernel{name, std::vector<_cl_kernel::Set>(size_t(count))}, result);
}
int32_t release_kernel(hardnet_cl_kernel kernel) { return give_back(kernel, "clReleaseKernel"); }

int32_t set_kernel_arg(hardnet_cl_kernel kernel, uint32_t number, size_t size, const void *value) {
    const Lock lock(library().mutex);
    if (const int result = enter("clSetKernelArg")) return result;
    if (!known(kernel, "clSetKernelArg")) return kInvalidHandle;
    if (number >= kernel->parameters.size()) return violate("clSetKernelArg beyond all", kInvalidArgIndex);
    _cl_kernel::Set &set = kernel->parameters[number];
    set.is_set = true;
    if (size == sizeof set.number)
        std::memcpy(&set.number, value, size);
    else
        std::memcpy(&set.memory, value, sizeof set.memory);
    return 0;
}
int32_t get_kernel_work_group_info(hardnet_cl_kernel, hardnet_cl_device, uint32_t, size_t size, void *value,
                                   size_t *needed) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetKernelWorkGroupInfo")) return result;
    return put(&library().most_threads, sizeof(size_t), size, value, needed);
}

int32_t enqueue_nd_range_kernel(hardnet_cl_queue queue, hardnet_cl_kernel kernel, uint32_t, const size_t *,
                                const size_t *global, const size_t *local, uint32_t, const hardnet_cl_event *,
                                hardnet_cl_event *event) {
    const Lock lock(library().mutex);
    if (const int result = enter("clEnqueueNDRangeKernel")) return result;
    if (!known(queue, "clEnqueueNDRangeKernel") || !known(kernel, "clEnqueueNDRangeKernel"))
        return kInvalidHandle;
    std::vector<Parameter> parameters;
    for (const _cl_kernel::Set &set : kernel->parameters) {
        if (!set.is_set) return kInvalidKernelArgs;
        Parameter parameter{};
        if (set.memory) {
            known(set.memory, "a kernel's parameter");
            parameter.memory = set.memory->bytes.data();
        } else {
            parameter.number = set.number;
        }
        parameters.push_back(parameter);
    }
    int32_t ignored = 0;
    hardnet_cl_event times = event ? *event = keep(new _cl_event, &ignored) : nullptr;
    if (times && !queue->timed) violate("an event's times of a queue that takes none", 0);
    const std::vector<size_t> all(global, global + 3), block(local, local + 3);
    queue->queued.push_back([=, name = kernel->name] {
        const uint64_t begin_ns = now_ns();
        library().kernels->launch(name, all.data(), block.data(), parameters);
        if (times) *times = {begin_ns, now_ns()};
    });
    return 0;
}
int32_t get_event_profiling_info(hardnet_cl_event event, uint32_t what, size_t size, void *value,
                                 size_t *needed) {
    const Lock lock(library().mutex);
    if (const int result = enter("clGetEventProfilingInfo")) return result;
    if (!known(event, "clGetEventProfilingInfo")) return kInvalidHandle;
    const uint64_t at = what == HARDNET_CL_PROFILING_COMMAND_START ? event->begin_ns : event->end_ns;
    return put(&at, sizeof at, size, value, needed);
}
int32_t release_event(hardnet_cl_event event) { return give_back(event, "clReleaseEvent"); }

const hardnet_opencl_library kTable = {get_platform_ids,
                                       get_platform_info,
                                       get_device_ids,
                                       get_device_info,
                                       create_context,
                                       release_context,
                                       create_command_queue,
                                       release_command_queue,
                                       create_program_with_source,
                                       build_program,
                                       get_program_build_info,
                                       release_program,
                                       create_kernel,
                                       release_kernel,
                                       set_kernel_arg,
                                       get_kernel_work_group_info,
                                       create_buffer,
                                       release_mem_object,
                                       enqueue_fill_buffer,
                                       enqueue_write_buffer,
                                       enqueue_read_buffer,
                                       enqueue_nd_range_kernel,
                                       flush,
                                       finish,
                                       get_event_profiling_info,
                                       release_event};

}  // namespace

hardnet_host host() {
    hardnet_host host = hardnet_this_host();
    host.opencl = [](const char **) { return &kTable; };
    return host;
}

void reset() {
    const Lock lock(library().mutex);
    library().calls = {};
    library().violations.clear();
    describe(2, "OpenCL 1.2 stand-in", 256, true);
}

void use(Kernels *kernels) { library().kernels = kernels; }

void describe(int platforms, const std::string &version, size_t most_threads, bool has_gpu) {
    library().platforms = platforms, library().version = version;
    library().most_threads = most_threads, library().has_gpu = has_gpu;
}

void fail(const std::string &function, int nth, int result) {
    library().calls.fail(function, nth, result, false);
}
void lose(const std::string &function, int nth, int result) {
    library().calls.fail(function, nth, result, true);
}
bool failed() { return library().calls.failed(); }

int calls() { return library().calls.all(); }
int calls_of(const std::string &function) { return library().calls.of(function); }
size_t queued() {
    size_t sum = 0;
    for (const hardnet_cl_queue queue : library().queues) sum += queue->queued.size();
    return sum;
}
int live() { return int(library().live.size()); }
std::vector<std::string> violations() { return library().violations; }

}  // namespace hardnet::opencl_stand_in
