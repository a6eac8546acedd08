/* A level's kernels: its text compiled by the driver, and a kernel for each call, whose arguments never change. */
#include <string.h>

#include "opencl_state.h"

/* ---- the program */

/* The compiler's first line that speaks of an error, else its first. */
static const char *error_line(char *log) {
    char *line = strstr(log, "error");
    if (!line) line = log;
    while (line > log && line[-1] != '\n') line--;
    line[strcspn(line, "\r\n")] = 0;
    return line;
}

static hardnet_status build_failed(hardnet_context *context, hardnet_cl_result result) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_opencl_library *library = opencl->library;
    size_t bytes = 0;
    library->get_program_build_info(opencl->program, opencl->device, HARDNET_CL_PROGRAM_BUILD_LOG, 0, NULL,
                                    &bytes);
    char *log = hardnet_take(context, HARDNET_BLOCK_FETCHED, bytes + 1, "the compiler's log");
    if (!log) return HARDNET_OUT_OF_MEMORY;
    log[0] = log[bytes] = 0;
    library->get_program_build_info(opencl->program, opencl->device, HARDNET_CL_PROGRAM_BUILD_LOG, bytes, log,
                                    NULL);
    hardnet_device_info info;
    char memory[32];
    hardnet_opencl_describe(context, &info);
    hardnet_fail(context, HARDNET_NO_DEVICE,
                 "clBuildProgram: expected a compiler for %s that takes the kernels, found %s: %.200s",
                 info.name, hardnet_opencl_error_name(result, memory), error_line(log));
    hardnet_drop(context, HARDNET_BLOCK_FETCHED);
    return HARDNET_NO_DEVICE;
}

hardnet_status hardnet_opencl_build(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_opencl_library *library = opencl->library;
    const char *text = context->level->module->bytes;
    hardnet_cl_result result = 0;
    opencl->program = library->create_program_with_source(opencl->context, 1, &text, NULL, &result);
    hardnet_status status =
        hardnet_opencl_check(context, "clCreateProgramWithSource", result, HARDNET_NO_DEVICE);
    if (status != HARDNET_OK) return status;
    result = library->build_program(opencl->program, 1, &opencl->device, "-cl-std=CL1.2", NULL, NULL);
    return result == 0 ? HARDNET_OK : build_failed(context, result);
}

/* ---- a call's kernel */

hardnet_cl_memory hardnet_opencl_memory_of(const hardnet_context *context, const hardnet_view *view) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    return view->base == HARDNET_ARENA     ? opencl->arena
           : view->base == HARDNET_WEIGHTS ? opencl->weights
                                           : opencl->ports;
}

static hardnet_status set_offset(hardnet_context *context, hardnet_cl_kernel kernel, uint32_t parameter,
                                 const hardnet_view *view) {
    const uint64_t place = hardnet_gpu_place(context, view, 0) / hardnet_element_bytes(view->type);
    const int32_t offset = (int32_t)place;
    if (place > INT32_MAX) {
        return hardnet_fail(
            context, HARDNET_DEVICE_OUT_OF_MEMORY,
            "view %zu of level %s: expected it within 2^31 elements of its buffer, found %llu",
            (size_t)(view - context->level->views), context->level->name, (unsigned long long)place);
    }
    return hardnet_opencl_check(
        context, "clSetKernelArg",
        hardnet_opencl_state(context)->library->set_kernel_arg(kernel, parameter, sizeof offset, &offset),
        HARDNET_NO_DEVICE);
}

static hardnet_status set_arguments(hardnet_context *context, hardnet_cl_kernel kernel,
                                    const hardnet_call *call) {
    const hardnet_opencl_library *library = hardnet_opencl_state(context)->library;
    const hardnet_level *level = context->level;
    const hardnet_launch *launch = &level->launches[call->kernel];
    hardnet_status status = HARDNET_OK;
    for (uint32_t p = 0; status == HARDNET_OK && p < launch->parameters; p++) {
        const bool is_offset = launch->order[p] >= call->arguments;
        const uint32_t argument = launch->order[p] - (is_offset ? call->arguments : 0);
        const hardnet_view *view = &level->views[level->arguments[call->first_argument + argument].view];
        const hardnet_cl_memory memory = hardnet_opencl_memory_of(context, view);
        status = is_offset ? set_offset(context, kernel, p, view)
                           : hardnet_opencl_check(context, "clSetKernelArg",
                                                  library->set_kernel_arg(kernel, p, sizeof memory, &memory),
                                                  HARDNET_NO_DEVICE);
    }
    if (status == HARDNET_OK && launch->shared_bytes)
        status = hardnet_opencl_check(
            context, "clSetKernelArg",
            library->set_kernel_arg(kernel, launch->parameters, launch->shared_bytes, NULL),
            HARDNET_NO_DEVICE);
    return status;
}

/* That the device runs blocks as large as the kernel's. */
static hardnet_status check_block(hardnet_context *context, hardnet_cl_kernel kernel,
                                  const hardnet_launch *launch) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const size_t threads = (size_t)launch->block[0] * launch->block[1] * launch->block[2];
    size_t most = 0;
    const hardnet_status status = hardnet_opencl_check(
        context, "clGetKernelWorkGroupInfo",
        opencl->library->get_kernel_work_group_info(kernel, opencl->device, HARDNET_CL_KERNEL_WORK_GROUP_SIZE,
                                                    sizeof most, &most, NULL),
        HARDNET_NO_DEVICE);
    if (status != HARDNET_OK || threads <= most) return status;
    return hardnet_fail(context, HARDNET_NO_DEVICE,
                        "kernel %.80s: expected a device that runs blocks of %zu threads, found one of %zu",
                        launch->name, threads, most);
}

static hardnet_status make_kernel(hardnet_context *context, uint32_t number) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_call *call = &context->level->calls[number];
    const hardnet_launch *launch = &context->level->launches[call->kernel];
    hardnet_cl_result result = 0;
    hardnet_cl_kernel kernel = opencl->library->create_kernel(opencl->program, launch->name, &result);
    if (result == HARDNET_CL_INVALID_KERNEL_NAME) {
        return hardnet_fail(context, HARDNET_INTERNAL,
                            "kernel %.80s: expected it in the module of level %s, found none", launch->name,
                            context->level->name);
    }
    hardnet_status status = hardnet_opencl_check(context, "clCreateKernel", result, HARDNET_NO_DEVICE);
    if (status != HARDNET_OK) return status;
    opencl->kernels[number] = kernel;
    status = check_block(context, kernel, launch);
    return status == HARDNET_OK ? set_arguments(context, kernel, call) : status;
}

hardnet_status hardnet_opencl_make_kernels(hardnet_context *context) {
    const hardnet_level *level = context->level;
    hardnet_status status = HARDNET_OK;
    for (uint32_t s = 0; s < context->schedule.step_count; s++) {
        const hardnet_step *step = &level->steps[context->schedule.steps[s]];
        for (uint32_t p = 0; p < step->parts; p++) {
            const hardnet_part *part = &level->parts[step->first_part + p];
            for (uint32_t c = 0; status == HARDNET_OK && c < part->calls; c++)
                status = make_kernel(context, part->first_call + c);
        }
    }
    return status;
}
