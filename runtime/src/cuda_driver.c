/* The driver's library found and its functions looked up. */
#include "cuda_driver.h"

#include <pthread.h>

#include "library.h"

/* All are there from CUDA 11.4 on, whose cuGraphInstantiateWithFlags is the newest of them. */
static const hardnet_entry kEntries[] = {
    {"cuInit", offsetof(hardnet_cuda_driver, init)},
    {"cuDriverGetVersion", offsetof(hardnet_cuda_driver, driver_get_version)},
    {"cuGetErrorName", offsetof(hardnet_cuda_driver, get_error_name)},
    {"cuDeviceGetCount", offsetof(hardnet_cuda_driver, device_get_count)},
    {"cuDeviceGet", offsetof(hardnet_cuda_driver, device_get)},
    {"cuDeviceGetName", offsetof(hardnet_cuda_driver, device_get_name)},
    {"cuDeviceGetAttribute", offsetof(hardnet_cuda_driver, device_get_attribute)},
    {"cuDeviceTotalMem_v2", offsetof(hardnet_cuda_driver, device_total_mem)},
    {"cuDevicePrimaryCtxRetain", offsetof(hardnet_cuda_driver, device_primary_ctx_retain)},
    {"cuDevicePrimaryCtxRelease_v2", offsetof(hardnet_cuda_driver, device_primary_ctx_release)},
    {"cuCtxPushCurrent_v2", offsetof(hardnet_cuda_driver, ctx_push_current)},
    {"cuCtxPopCurrent_v2", offsetof(hardnet_cuda_driver, ctx_pop_current)},
    {"cuCtxGetDevice", offsetof(hardnet_cuda_driver, ctx_get_device)},
    {"cuModuleLoadData", offsetof(hardnet_cuda_driver, module_load_data)},
    {"cuModuleUnload", offsetof(hardnet_cuda_driver, module_unload)},
    {"cuModuleGetFunction", offsetof(hardnet_cuda_driver, module_get_function)},
    {"cuFuncSetAttribute", offsetof(hardnet_cuda_driver, func_set_attribute)},
    {"cuMemAlloc_v2", offsetof(hardnet_cuda_driver, mem_alloc)},
    {"cuMemFree_v2", offsetof(hardnet_cuda_driver, mem_free)},
    {"cuMemsetD8Async", offsetof(hardnet_cuda_driver, memset_d8_async)},
    {"cuMemcpyHtoDAsync_v2", offsetof(hardnet_cuda_driver, memcpy_htod_async)},
    {"cuMemcpyDtoHAsync_v2", offsetof(hardnet_cuda_driver, memcpy_dtoh_async)},
    {"cuMemHostRegister_v2", offsetof(hardnet_cuda_driver, mem_host_register)},
    {"cuMemHostUnregister", offsetof(hardnet_cuda_driver, mem_host_unregister)},
    {"cuPointerGetAttribute", offsetof(hardnet_cuda_driver, pointer_get_attribute)},
    {"cuStreamCreate", offsetof(hardnet_cuda_driver, stream_create)},
    {"cuStreamDestroy_v2", offsetof(hardnet_cuda_driver, stream_destroy)},
    {"cuStreamSynchronize", offsetof(hardnet_cuda_driver, stream_synchronize)},
    {"cuStreamBeginCapture_v2", offsetof(hardnet_cuda_driver, stream_begin_capture)},
    {"cuStreamEndCapture", offsetof(hardnet_cuda_driver, stream_end_capture)},
    {"cuGraphInstantiateWithFlags", offsetof(hardnet_cuda_driver, graph_instantiate)},
    {"cuGraphLaunch", offsetof(hardnet_cuda_driver, graph_launch)},
    {"cuGraphDestroy", offsetof(hardnet_cuda_driver, graph_destroy)},
    {"cuGraphExecDestroy", offsetof(hardnet_cuda_driver, graph_exec_destroy)},
    {"cuLaunchKernel", offsetof(hardnet_cuda_driver, launch_kernel)},
    {"cuEventCreate", offsetof(hardnet_cuda_driver, event_create)},
    {"cuEventDestroy_v2", offsetof(hardnet_cuda_driver, event_destroy)},
    {"cuEventRecord", offsetof(hardnet_cuda_driver, event_record)},
    {"cuEventElapsedTime", offsetof(hardnet_cuda_driver, event_elapsed_time)},
};

_Static_assert(sizeof kEntries / sizeof kEntries[0] * sizeof(void (*)(void)) == sizeof(hardnet_cuda_driver),
               "a function that is not looked up");

bool hardnet_cuda_load(const char *library, hardnet_cuda_driver *driver, char *why, size_t size) {
    static const hardnet_library kLibrary = {"the library of NVIDIA's driver",
                                             "drivers for CUDA 11.4 and later", kEntries,
                                             sizeof kEntries / sizeof kEntries[0]};
    return hardnet_load_library(&kLibrary, library, driver, why, size);
}

static hardnet_cuda_driver loaded_driver;
static bool is_loaded;
static char load_error[320];
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
    is_loaded = hardnet_cuda_load("libcuda.so.1", &loaded_driver, load_error, sizeof load_error);
}

const hardnet_cuda_driver *hardnet_cuda_of_process(const char **why) {
    pthread_once(&load_once, load);
    *why = load_error;
    return is_loaded ? &loaded_driver : NULL;
}
