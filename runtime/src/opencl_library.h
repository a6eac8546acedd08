/* OpenCL's loader, as much of it as the runtime calls. Its library is loaded when a device is asked for, never linked:
 * programs start where there is none. The types are those of its binary interface, declared here so that nothing of
 * OpenCL is needed to build.
 */
#ifndef HARDNET_OPENCL_LIBRARY_H
#define HARDNET_OPENCL_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of its many numbers those that are told apart here; the results are negative, 0 is success. */
enum {
    HARDNET_CL_DEVICE_NOT_FOUND = -1,
    HARDNET_CL_MEM_OBJECT_ALLOCATION_FAILURE = -4,
    HARDNET_CL_OUT_OF_RESOURCES = -5,
    HARDNET_CL_OUT_OF_HOST_MEMORY = -6,
    HARDNET_CL_INVALID_KERNEL_NAME = -46,
    HARDNET_CL_INVALID_BUFFER_SIZE = -61,
    HARDNET_CL_PLATFORM_NOT_FOUND = -1001,

    HARDNET_CL_PLATFORM_NAME = 0x0902,
    HARDNET_CL_DEVICE_TYPE = 0x1000,
    HARDNET_CL_DEVICE_GLOBAL_MEM_SIZE = 0x101f,
    HARDNET_CL_DEVICE_COMPILER_AVAILABLE = 0x1028,
    HARDNET_CL_DEVICE_NAME = 0x102b,
    HARDNET_CL_DEVICE_VERSION = 0x102f,
    HARDNET_CL_CONTEXT_PLATFORM = 0x1084,
    HARDNET_CL_PROGRAM_BUILD_LOG = 0x1183,
    HARDNET_CL_KERNEL_WORK_GROUP_SIZE = 0x11b0,
    HARDNET_CL_PROFILING_COMMAND_START = 0x1282,
    HARDNET_CL_PROFILING_COMMAND_END = 0x1283
};
#define HARDNET_CL_DEVICE_TYPE_CPU ((uint64_t)1 << 1)
#define HARDNET_CL_DEVICE_TYPE_GPU ((uint64_t)1 << 2)
#define HARDNET_CL_DEVICE_TYPE_ALL ((uint64_t)0xffffffff)
#define HARDNET_CL_QUEUE_PROFILING ((uint64_t)1 << 1)
#define HARDNET_CL_MEM_READ_WRITE ((uint64_t)1 << 0)

typedef int32_t hardnet_cl_result;
typedef struct _cl_platform_id *hardnet_cl_platform;
typedef struct _cl_device_id *hardnet_cl_device;
typedef struct _cl_context *hardnet_cl_context;
typedef struct _cl_command_queue *hardnet_cl_queue;
typedef struct _cl_mem *hardnet_cl_memory;
typedef struct _cl_program *hardnet_cl_program;
typedef struct _cl_kernel *hardnet_cl_kernel;
typedef struct _cl_event *hardnet_cl_event;

/* Each named as the library's function is. What may be NULL here always is: callbacks, events that are waited for. */
typedef struct hardnet_opencl_library {
    hardnet_cl_result (*get_platform_ids)(uint32_t room, hardnet_cl_platform *platforms, uint32_t *count);
    hardnet_cl_result (*get_platform_info)(hardnet_cl_platform platform, uint32_t what, size_t size,
                                           void *value, size_t *needed);
    hardnet_cl_result (*get_device_ids)(hardnet_cl_platform platform, uint64_t type, uint32_t room,
                                        hardnet_cl_device *devices, uint32_t *count);
    hardnet_cl_result (*get_device_info)(hardnet_cl_device device, uint32_t what, size_t size, void *value,
                                         size_t *needed);
    hardnet_cl_context (*create_context)(const intptr_t *properties, uint32_t count,
                                         const hardnet_cl_device *devices, void *callback, void *user,
                                         hardnet_cl_result *result);
    hardnet_cl_result (*release_context)(hardnet_cl_context context);
    hardnet_cl_queue (*create_command_queue)(hardnet_cl_context context, hardnet_cl_device device,
                                             uint64_t properties, hardnet_cl_result *result);
    hardnet_cl_result (*release_command_queue)(hardnet_cl_queue queue);
    hardnet_cl_program (*create_program_with_source)(hardnet_cl_context context, uint32_t count,
                                                     const char **texts, const size_t *sizes,
                                                     hardnet_cl_result *result);
    hardnet_cl_result (*build_program)(hardnet_cl_program program, uint32_t count,
                                       const hardnet_cl_device *devices, const char *options, void *callback,
                                       void *user);
    hardnet_cl_result (*get_program_build_info)(hardnet_cl_program program, hardnet_cl_device device,
                                                uint32_t what, size_t size, void *value, size_t *needed);
    hardnet_cl_result (*release_program)(hardnet_cl_program program);
    hardnet_cl_kernel (*create_kernel)(hardnet_cl_program program, const char *name,
                                       hardnet_cl_result *result);
    hardnet_cl_result (*release_kernel)(hardnet_cl_kernel kernel);
    hardnet_cl_result (*set_kernel_arg)(hardnet_cl_kernel kernel, uint32_t number, size_t size,
                                        const void *value);
    hardnet_cl_result (*get_kernel_work_group_info)(hardnet_cl_kernel kernel, hardnet_cl_device device,
                                                    uint32_t what, size_t size, void *value, size_t *needed);
    hardnet_cl_memory (*create_buffer)(hardnet_cl_context context, uint64_t flags, size_t bytes, void *host,
                                       hardnet_cl_result *result);
    hardnet_cl_result (*release_mem_object)(hardnet_cl_memory memory);
    hardnet_cl_result (*enqueue_fill_buffer)(hardnet_cl_queue queue, hardnet_cl_memory memory,
                                             const void *pattern, size_t pattern_bytes, size_t offset,
                                             size_t bytes, uint32_t waits, const hardnet_cl_event *wait,
                                             hardnet_cl_event *event);
    hardnet_cl_result (*enqueue_write_buffer)(hardnet_cl_queue queue, hardnet_cl_memory memory,
                                              uint32_t blocking, size_t offset, size_t bytes,
                                              const void *from, uint32_t waits, const hardnet_cl_event *wait,
                                              hardnet_cl_event *event);
    hardnet_cl_result (*enqueue_read_buffer)(hardnet_cl_queue queue, hardnet_cl_memory memory,
                                             uint32_t blocking, size_t offset, size_t bytes, void *to,
                                             uint32_t waits, const hardnet_cl_event *wait,
                                             hardnet_cl_event *event);
    hardnet_cl_result (*enqueue_nd_range_kernel)(hardnet_cl_queue queue, hardnet_cl_kernel kernel,
                                                 uint32_t dimensions, const size_t *offset,
                                                 const size_t *global, const size_t *local, uint32_t waits,
                                                 const hardnet_cl_event *wait, hardnet_cl_event *event);
    hardnet_cl_result (*flush)(hardnet_cl_queue queue);
    hardnet_cl_result (*finish)(hardnet_cl_queue queue);
    hardnet_cl_result (*get_event_profiling_info)(hardnet_cl_event event, uint32_t what, size_t size,
                                                  void *value, size_t *needed);
    hardnet_cl_result (*release_event)(hardnet_cl_event event);
} hardnet_opencl_library;

/* Loads a library and fills the table; false where it or one of its functions is not there, as the text says. */
bool hardnet_opencl_load(const char *library, hardnet_opencl_library *table, char *why, size_t size);

/* libOpenCL.so.1's table, loaded once per process and by any thread. NULL: there is none, as *why says. */
const hardnet_opencl_library *hardnet_opencl_of_process(const char **why);

#ifdef __cplusplus
}
#endif
#endif
