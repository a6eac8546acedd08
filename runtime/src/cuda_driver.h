/* NVIDIA's driver, as much of it as the runtime calls. Its library is loaded when a device is asked for, never linked:
 * programs start where there is none. The types are those of its binary interface, declared here so that nothing of
 * CUDA is needed to build.
 */
#ifndef HARDNET_CUDA_DRIVER_H
#define HARDNET_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of its many results and numbers those that are told apart here. */
enum {
    HARDNET_CUDA_INVALID_VALUE = 1,
    HARDNET_CUDA_OUT_OF_MEMORY = 2,
    HARDNET_CUDA_NOT_FOUND = 500,

    HARDNET_CUDA_CAPABILITY_MAJOR = 75, /* device attributes */
    HARDNET_CUDA_CAPABILITY_MINOR = 76,
    HARDNET_CUDA_DYNAMIC_SHARED_BYTES = 8, /* a function's attribute */
    HARDNET_CUDA_MEMORY_TYPE = 2,          /* a pointer's attribute, and that of the device's memory */
    HARDNET_CUDA_DEVICE_MEMORY = 2,
    HARDNET_CUDA_NON_BLOCKING = 1, /* a stream that does not wait for the default one */
    HARDNET_CUDA_CAPTURE_THREAD_LOCAL = 1
};

typedef int hardnet_cuda_result; /* 0: success */
typedef uint64_t hardnet_cuda_address;
typedef struct CUctx_st *hardnet_cuda_context;
typedef struct CUstream_st *hardnet_cuda_stream;
typedef struct CUmod_st *hardnet_cuda_module;
typedef struct CUfunc_st *hardnet_cuda_function;
typedef struct CUgraph_st *hardnet_cuda_graph;
typedef struct CUgraphExec_st *hardnet_cuda_graph_exec;
typedef struct CUevent_st *hardnet_cuda_event;

/* Each named as the driver's function is, without what makes it another version of itself. */
typedef struct hardnet_cuda_driver {
    hardnet_cuda_result (*init)(unsigned flags);
    hardnet_cuda_result (*driver_get_version)(int *version);
    hardnet_cuda_result (*get_error_name)(hardnet_cuda_result result, const char **name);
    hardnet_cuda_result (*device_get_count)(int *count);
    hardnet_cuda_result (*device_get)(int *device, int number);
    hardnet_cuda_result (*device_get_name)(char *name, int size, int device);
    hardnet_cuda_result (*device_get_attribute)(int *value, int attribute, int device);
    hardnet_cuda_result (*device_total_mem)(size_t *bytes, int device);
    hardnet_cuda_result (*device_primary_ctx_retain)(hardnet_cuda_context *context, int device);
    hardnet_cuda_result (*device_primary_ctx_release)(int device);
    hardnet_cuda_result (*ctx_push_current)(hardnet_cuda_context context);
    hardnet_cuda_result (*ctx_pop_current)(hardnet_cuda_context *context);
    hardnet_cuda_result (*ctx_get_device)(int *device);
    hardnet_cuda_result (*module_load_data)(hardnet_cuda_module *module, const void *image);
    hardnet_cuda_result (*module_unload)(hardnet_cuda_module module);
    hardnet_cuda_result (*module_get_function)(hardnet_cuda_function *function, hardnet_cuda_module module,
                                               const char *name);
    hardnet_cuda_result (*func_set_attribute)(hardnet_cuda_function function, int attribute, int value);
    hardnet_cuda_result (*mem_alloc)(hardnet_cuda_address *address, size_t bytes);
    hardnet_cuda_result (*mem_free)(hardnet_cuda_address address);
    hardnet_cuda_result (*memset_d8_async)(hardnet_cuda_address address, unsigned char value, size_t bytes,
                                           hardnet_cuda_stream stream);
    hardnet_cuda_result (*memcpy_htod_async)(hardnet_cuda_address to, const void *from, size_t bytes,
                                             hardnet_cuda_stream stream);
    hardnet_cuda_result (*memcpy_dtoh_async)(void *to, hardnet_cuda_address from, size_t bytes,
                                             hardnet_cuda_stream stream);
    hardnet_cuda_result (*mem_host_register)(void *memory, size_t bytes, unsigned flags);
    hardnet_cuda_result (*mem_host_unregister)(void *memory);
    hardnet_cuda_result (*pointer_get_attribute)(void *value, int attribute, hardnet_cuda_address address);
    hardnet_cuda_result (*stream_create)(hardnet_cuda_stream *stream, unsigned flags);
    hardnet_cuda_result (*stream_destroy)(hardnet_cuda_stream stream);
    hardnet_cuda_result (*stream_synchronize)(hardnet_cuda_stream stream);
    hardnet_cuda_result (*stream_begin_capture)(hardnet_cuda_stream stream, int mode);
    hardnet_cuda_result (*stream_end_capture)(hardnet_cuda_stream stream, hardnet_cuda_graph *graph);
    hardnet_cuda_result (*graph_instantiate)(hardnet_cuda_graph_exec *exec, hardnet_cuda_graph graph,
                                             unsigned long long flags);
    hardnet_cuda_result (*graph_launch)(hardnet_cuda_graph_exec exec, hardnet_cuda_stream stream);
    hardnet_cuda_result (*graph_destroy)(hardnet_cuda_graph graph);
    hardnet_cuda_result (*graph_exec_destroy)(hardnet_cuda_graph_exec exec);
    hardnet_cuda_result (*launch_kernel)(hardnet_cuda_function function, unsigned grid_x, unsigned grid_y,
                                         unsigned grid_z, unsigned block_x, unsigned block_y,
                                         unsigned block_z, unsigned shared_bytes, hardnet_cuda_stream stream,
                                         void **parameters, void **extra);
    hardnet_cuda_result (*event_create)(hardnet_cuda_event *event, unsigned flags);
    hardnet_cuda_result (*event_destroy)(hardnet_cuda_event event);
    hardnet_cuda_result (*event_record)(hardnet_cuda_event event, hardnet_cuda_stream stream);
    hardnet_cuda_result (*event_elapsed_time)(float *milliseconds, hardnet_cuda_event from,
                                              hardnet_cuda_event to);
} hardnet_cuda_driver;

/* Loads a library and fills the table; false where it or one of its functions is not there, as the text says. */
bool hardnet_cuda_load(const char *library, hardnet_cuda_driver *driver, char *why, size_t size);

/* libcuda.so.1's table, loaded once per process and by any thread. NULL: there is none, as *why says. */
const hardnet_cuda_driver *hardnet_cuda_of_process(const char **why);

#ifdef __cplusplus
}
#endif
#endif
