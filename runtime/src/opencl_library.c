/* OpenCL's library found and its functions looked up. */
#include "opencl_library.h"

#include <pthread.h>

#include "library.h"

/* All of OpenCL 1.2, whose clEnqueueFillBuffer is the newest of them. */
static const hardnet_entry kEntries[] = {
    {"clGetPlatformIDs", offsetof(hardnet_opencl_library, get_platform_ids)},
    {"clGetPlatformInfo", offsetof(hardnet_opencl_library, get_platform_info)},
    {"clGetDeviceIDs", offsetof(hardnet_opencl_library, get_device_ids)},
    {"clGetDeviceInfo", offsetof(hardnet_opencl_library, get_device_info)},
    {"clCreateContext", offsetof(hardnet_opencl_library, create_context)},
    {"clReleaseContext", offsetof(hardnet_opencl_library, release_context)},
    {"clCreateCommandQueue", offsetof(hardnet_opencl_library, create_command_queue)},
    {"clReleaseCommandQueue", offsetof(hardnet_opencl_library, release_command_queue)},
    {"clCreateProgramWithSource", offsetof(hardnet_opencl_library, create_program_with_source)},
    {"clBuildProgram", offsetof(hardnet_opencl_library, build_program)},
    {"clGetProgramBuildInfo", offsetof(hardnet_opencl_library, get_program_build_info)},
    {"clReleaseProgram", offsetof(hardnet_opencl_library, release_program)},
    {"clCreateKernel", offsetof(hardnet_opencl_library, create_kernel)},
    {"clReleaseKernel", offsetof(hardnet_opencl_library, release_kernel)},
    {"clSetKernelArg", offsetof(hardnet_opencl_library, set_kernel_arg)},
    {"clGetKernelWorkGroupInfo", offsetof(hardnet_opencl_library, get_kernel_work_group_info)},
    {"clCreateBuffer", offsetof(hardnet_opencl_library, create_buffer)},
    {"clReleaseMemObject", offsetof(hardnet_opencl_library, release_mem_object)},
    {"clEnqueueFillBuffer", offsetof(hardnet_opencl_library, enqueue_fill_buffer)},
    {"clEnqueueWriteBuffer", offsetof(hardnet_opencl_library, enqueue_write_buffer)},
    {"clEnqueueReadBuffer", offsetof(hardnet_opencl_library, enqueue_read_buffer)},
    {"clEnqueueNDRangeKernel", offsetof(hardnet_opencl_library, enqueue_nd_range_kernel)},
    {"clFlush", offsetof(hardnet_opencl_library, flush)},
    {"clFinish", offsetof(hardnet_opencl_library, finish)},
    {"clGetEventProfilingInfo", offsetof(hardnet_opencl_library, get_event_profiling_info)},
    {"clReleaseEvent", offsetof(hardnet_opencl_library, release_event)},
};

_Static_assert(sizeof kEntries / sizeof kEntries[0] * sizeof(void (*)(void)) ==
                   sizeof(hardnet_opencl_library),
               "a function that is not looked up");

bool hardnet_opencl_load(const char *library, hardnet_opencl_library *table, char *why, size_t size) {
    static const hardnet_library kLibrary = {"OpenCL's library", "those of OpenCL 1.2 and later", kEntries,
                                             sizeof kEntries / sizeof kEntries[0]};
    return hardnet_load_library(&kLibrary, library, table, why, size);
}

static hardnet_opencl_library loaded_library;
static bool is_loaded;
static char load_error[320];
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
    is_loaded = hardnet_opencl_load("libOpenCL.so.1", &loaded_library, load_error, sizeof load_error);
}

const hardnet_opencl_library *hardnet_opencl_of_process(const char **why) {
    pthread_once(&load_once, load);
    *why = load_error;
    return is_loaded ? &loaded_library : NULL;
}
