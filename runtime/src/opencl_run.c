/* Runs: copies and launches put into the queue one behind the other. */
#include "opencl_state.h"

/* ---- launching */

/* `event`: NULL, or where the launch's goes. */
static hardnet_status launch(hardnet_context *context, const hardnet_step *step, uint32_t number,
                             hardnet_cl_queue queue, hardnet_cl_event *event) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_launch *l = &context->level->launches[context->level->calls[number].kernel];
    size_t local[3], global[3];
    for (int d = 0; d < 3; d++) {
        local[d] = l->block[d];
        global[d] = (size_t)l->grid[d] * l->block[d];
    }
    const hardnet_cl_result result = opencl->library->enqueue_nd_range_kernel(
        queue, opencl->kernels[number], 3, NULL, global, local, 0, NULL, event);
    if (result == 0) return HARDNET_OK;
    char memory[32];
    return hardnet_gpu_launch_failed(context, step, "clEnqueueNDRangeKernel", l, "CL_SUCCESS",
                                     hardnet_opencl_error_name(result, memory));
}

static hardnet_status launch_step(hardnet_context *context, uint32_t number, hardnet_cl_queue queue,
                                  hardnet_cl_event *events) {
    const hardnet_level *level = context->level;
    const hardnet_step *step = &level->steps[context->schedule.steps[number]];
    hardnet_status status = HARDNET_OK;
    for (uint32_t p = 0; p < step->parts; p++) {
        const hardnet_part *part = &level->parts[step->first_part + p];
        for (uint32_t c = part->first_call; status == HARDNET_OK && c < part->first_call + part->calls; c++)
            status = launch(context, step, c, queue, events ? &events[c] : NULL);
    }
    return status;
}

static hardnet_status launch_steps(hardnet_context *context, hardnet_range steps) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_status status = HARDNET_OK;
    for (uint32_t step = steps.begin; status == HARDNET_OK && step < steps.end; step++)
        status = launch_step(context, step, opencl->queue, NULL);
    return status;
}

/* ---- copying */

static hardnet_status copy_in(hardnet_context *context) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_port_state *port = &context->ports[0];
    return hardnet_opencl_check(
        context, "clEnqueueWriteBuffer",
        opencl->library->enqueue_write_buffer(opencl->queue, opencl->ports, 0, port->device, port->bytes,
                                              port->data, 0, NULL, NULL),
        HARDNET_DEVICE_LOST);
}

static hardnet_status copy_out(hardnet_context *context) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_status status = HARDNET_OK;
    for (uint32_t i = 1; status == HARDNET_OK && i < context->port_count; i++) {
        const hardnet_port_state *port = &context->ports[i];
        status = hardnet_opencl_check(
            context, "clEnqueueReadBuffer",
            opencl->library->enqueue_read_buffer(opencl->queue, opencl->ports, 0, port->device, port->bytes,
                                                 port->data, 0, NULL, NULL),
            HARDNET_DEVICE_LOST);
    }
    return status;
}

hardnet_status hardnet_opencl_finish(hardnet_context *context, hardnet_cl_queue queue) {
    return hardnet_opencl_check(context, "clFinish", hardnet_opencl_state(context)->library->finish(queue),
                                HARDNET_DEVICE_LOST);
}

/* ---- with times */

static hardnet_status make_timed_queue(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_cl_result result = 0;
    if (!opencl->timed)
        opencl->timed = opencl->library->create_command_queue(opencl->context, opencl->device,
                                                              HARDNET_CL_QUEUE_PROFILING, &result);
    return hardnet_opencl_check(context, "clCreateCommandQueue", result, HARDNET_DEVICE_LOST);
}

typedef struct hardnet_cl_times { /* by the device's clock */
    uint64_t begin_ns, end_ns;
} hardnet_cl_times;

/* From the beginning of a step's first launch to the end of its last. */
static hardnet_status times_of(hardnet_context *context, uint32_t number, hardnet_cl_times *times) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_level *level = context->level;
    const hardnet_step *step = &level->steps[context->schedule.steps[number]];
    hardnet_cl_result result = 0;
    *times = (hardnet_cl_times){UINT64_MAX, 0};
    for (uint32_t p = 0; p < step->parts; p++) {
        const hardnet_part *part = &level->parts[step->first_part + p];
        for (uint32_t c = part->first_call; result == 0 && c < part->first_call + part->calls; c++) {
            hardnet_cl_times one = {0, 0};
            result = opencl->library->get_event_profiling_info(opencl->events[c],
                                                               HARDNET_CL_PROFILING_COMMAND_START,
                                                               sizeof one.begin_ns, &one.begin_ns, NULL);
            if (result == 0)
                result = opencl->library->get_event_profiling_info(opencl->events[c],
                                                                   HARDNET_CL_PROFILING_COMMAND_END,
                                                                   sizeof one.end_ns, &one.end_ns, NULL);
            if (one.begin_ns < times->begin_ns) times->begin_ns = one.begin_ns;
            if (one.end_ns > times->end_ns) times->end_ns = one.end_ns;
        }
    }
    return hardnet_opencl_check(context, "clGetEventProfilingInfo", result, HARDNET_DEVICE_LOST);
}

/* The device's clock tells how long before the last step's end all was, the host's when that was. */
static hardnet_status report_steps(hardnet_context *context, hardnet_range steps, int64_t end_ns) {
    hardnet_cl_times last, times;
    hardnet_status status = times_of(context, steps.end - 1, &last);
    for (uint32_t i = steps.begin; status == HARDNET_OK && i < steps.end; i++) {
        status = times_of(context, i, &times);
        if (status == HARDNET_OK)
            context->trace(context->trace_user, 0, (int32_t)i,
                           end_ns - (int64_t)(last.end_ns - times.begin_ns),
                           end_ns - (int64_t)(last.end_ns - times.end_ns));
    }
    return status;
}

static void release_events(hardnet_context *context) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    for (uint32_t c = 0; c < context->level->call_count; c++) {
        if (opencl->events[c]) opencl->library->release_event(opencl->events[c]);
        opencl->events[c] = NULL;
    }
}

static hardnet_status run_traced(hardnet_context *context, hardnet_range steps) {
    hardnet_opencl *opencl = hardnet_opencl_state(context);
    hardnet_status status = make_timed_queue(context);
    if (status != HARDNET_OK) return status;
    status = hardnet_opencl_finish(context, opencl->queue);
    for (uint32_t step = steps.begin; status == HARDNET_OK && step < steps.end; step++)
        status = launch_step(context, step, opencl->timed, opencl->events);
    const hardnet_status finished = hardnet_opencl_finish(context, opencl->timed);
    if (status == HARDNET_OK) status = finished;
    if (status == HARDNET_OK) status = report_steps(context, steps, hardnet_now_ns());
    release_events(context);
    return status;
}

/* ---- running */

/* Behind a run that fails halfway nothing of it may be on its way: the caller's memory may be gone by then. */
static hardnet_status leave_settled(hardnet_context *context, hardnet_status status) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    if (status != HARDNET_OK) opencl->library->finish(opencl->queue);
    return hardnet_gpu_after(context, status);
}

hardnet_status hardnet_opencl_run(hardnet_context *context, hardnet_range steps, hardnet_range images) {
    (void)images; /* a launch is of all of them */
    hardnet_status status = hardnet_gpu_check(context);
    if (status != HARDNET_OK) return status;
    if (steps.begin == 0) status = copy_in(context);
    if (status == HARDNET_OK)
        status = context->trace ? run_traced(context, steps) : launch_steps(context, steps);
    if (status == HARDNET_OK && steps.end == context->schedule.step_count) status = copy_out(context);
    if (status == HARDNET_OK) status = hardnet_opencl_finish(context, hardnet_opencl_state(context)->queue);
    return leave_settled(context, status);
}

hardnet_status hardnet_opencl_enqueue(hardnet_context *context) {
    const hardnet_opencl *opencl = hardnet_opencl_state(context);
    const hardnet_range all = {0, context->schedule.step_count};
    hardnet_status status = hardnet_gpu_check(context);
    if (status != HARDNET_OK) return status;
    status = copy_in(context);
    if (status == HARDNET_OK) status = launch_steps(context, all);
    if (status == HARDNET_OK) status = copy_out(context);
    if (status == HARDNET_OK)
        status = hardnet_opencl_check(context, "clFlush", opencl->library->flush(opencl->queue),
                                      HARDNET_DEVICE_LOST);
    return leave_settled(context, status);
}

hardnet_status hardnet_opencl_wait_for_runs(hardnet_context *context) {
    const hardnet_status status = hardnet_gpu_check(context);
    if (status != HARDNET_OK) return status;
    return hardnet_gpu_after(context, hardnet_opencl_finish(context, hardnet_opencl_state(context)->queue));
}
