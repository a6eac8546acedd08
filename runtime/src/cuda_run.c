/* A network's launches: captured once into a graph, which a run launches, or made one by one for steps and traces. */
#include "cuda_state.h"

/* ---- launching */

static hardnet_status launch(hardnet_context *context, const hardnet_step *step, const hardnet_call *call,
                             hardnet_cuda_stream stream) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_level *level = context->level;
    const hardnet_launch *l = &level->launches[call->kernel];
    for (uint32_t p = 0; p < l->parameters; p++) {
        const hardnet_argument *argument = &level->arguments[call->first_argument + l->order[p]];
        cuda->values[p] = hardnet_gpu_place(context, &level->views[argument->view], 0);
    }
    const hardnet_cuda_result result = cuda->driver->launch_kernel(
        cuda->functions[call->kernel], l->grid[0], l->grid[1], l->grid[2], l->block[0], l->block[1],
        l->block[2], l->shared_bytes, stream, cuda->parameters, NULL);
    if (result == 0) return HARDNET_OK;
    char memory[32];
    return hardnet_gpu_launch_failed(context, step, "cuLaunchKernel", l, "CUDA_SUCCESS",
                                     hardnet_cuda_error_name(cuda->driver, result, memory));
}

static hardnet_status launch_step(hardnet_context *context, uint32_t number, hardnet_cuda_stream stream) {
    const hardnet_level *level = context->level;
    const hardnet_step *step = &level->steps[context->schedule.steps[number]];
    hardnet_status status = HARDNET_OK;
    for (uint32_t p = 0; p < step->parts; p++) {
        const hardnet_part *part = &level->parts[step->first_part + p];
        for (uint32_t c = 0; status == HARDNET_OK && c < part->calls; c++)
            status = launch(context, step, &level->calls[part->first_call + c], stream);
    }
    return status;
}

static hardnet_status launch_steps(hardnet_context *context, hardnet_range steps,
                                   hardnet_cuda_stream stream) {
    hardnet_status status = HARDNET_OK;
    for (uint32_t step = steps.begin; status == HARDNET_OK && step < steps.end; step++)
        status = launch_step(context, step, stream);
    return status;
}

hardnet_status hardnet_cuda_capture(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_cuda_driver *driver = cuda->driver;
    const hardnet_range all = {0, context->schedule.step_count};
    hardnet_cuda_graph graph = NULL;
    hardnet_cuda_graph_exec exec = NULL;
    hardnet_status status = hardnet_cuda_check(
        context, "cuStreamBeginCapture",
        driver->stream_begin_capture(cuda->own, HARDNET_CUDA_CAPTURE_THREAD_LOCAL), HARDNET_DEVICE_LOST);
    if (status != HARDNET_OK) return status;
    status = launch_steps(context, all, cuda->own);
    const hardnet_cuda_result ended = driver->stream_end_capture(cuda->own, &graph);
    if (status == HARDNET_OK)
        status = hardnet_cuda_check(context, "cuStreamEndCapture", ended, HARDNET_DEVICE_LOST);
    if (status == HARDNET_OK)
        status = hardnet_cuda_check(context, "cuGraphInstantiateWithFlags",
                                    driver->graph_instantiate(&exec, graph, 0), HARDNET_DEVICE_LOST);
    if (graph) driver->graph_destroy(graph);
    if (status == HARDNET_OK && cuda->graph) {
        driver->stream_synchronize(cuda->stream); /* it may run */
        driver->graph_exec_destroy(cuda->graph);
    }
    if (status == HARDNET_OK) cuda->graph = exec;
    return status;
}

/* ---- running */

static hardnet_status copy_in(hardnet_context *context) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    const hardnet_port_state *port = &context->ports[0];
    if (port->on_device) return HARDNET_OK;
    return hardnet_cuda_check(
        context, "cuMemcpyHtoDAsync",
        cuda->driver->memcpy_htod_async(port->device, port->data, port->bytes, cuda->stream),
        HARDNET_DEVICE_LOST);
}

static hardnet_status copy_out(hardnet_context *context) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    hardnet_status status = HARDNET_OK;
    for (uint32_t i = 1; status == HARDNET_OK && i < context->port_count; i++) {
        const hardnet_port_state *port = &context->ports[i];
        if (port->on_device) continue;
        status = hardnet_cuda_check(
            context, "cuMemcpyDtoHAsync",
            cuda->driver->memcpy_dtoh_async(port->data, port->device, port->bytes, cuda->stream),
            HARDNET_DEVICE_LOST);
    }
    return status;
}

static hardnet_status launch_graph(hardnet_context *context) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    return hardnet_cuda_check(context, "cuGraphLaunch", cuda->driver->graph_launch(cuda->graph, cuda->stream),
                              HARDNET_DEVICE_LOST);
}

static hardnet_status make_events(hardnet_context *context) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    hardnet_status status = HARDNET_OK;
    for (uint32_t i = 0; status == HARDNET_OK && i <= context->schedule.step_count; i++) {
        if (!cuda->events[i])
            status = hardnet_cuda_check(context, "cuEventCreate",
                                        cuda->driver->event_create(&cuda->events[i], 0), HARDNET_DEVICE_LOST);
    }
    return status;
}

static hardnet_status record(hardnet_context *context, uint32_t event) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    return hardnet_cuda_check(context, "cuEventRecord",
                              cuda->driver->event_record(cuda->events[event], cuda->stream),
                              HARDNET_DEVICE_LOST);
}

/* The device's clock tells how long before the last event another was, the host's when that was over. */
static hardnet_status report_steps(hardnet_context *context, hardnet_range steps, int64_t end_ns) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    int64_t begin_ns = 0;
    for (uint32_t i = steps.begin; i <= steps.end; i++) {
        float before_ms = 0;
        const hardnet_status status = hardnet_cuda_check(
            context, "cuEventElapsedTime",
            cuda->driver->event_elapsed_time(&before_ms, cuda->events[i], cuda->events[steps.end]),
            HARDNET_DEVICE_LOST);
        if (status != HARDNET_OK) return status;
        const int64_t at_ns = end_ns - (int64_t)((double)before_ms * 1e6);
        if (i > steps.begin) context->trace(context->trace_user, 0, (int32_t)i - 1, begin_ns, at_ns);
        begin_ns = at_ns;
    }
    return HARDNET_OK;
}

static hardnet_status run_traced(hardnet_context *context, hardnet_range steps) {
    hardnet_cuda *cuda = hardnet_cuda_state(context);
    hardnet_status status = make_events(context);
    if (status == HARDNET_OK) status = record(context, steps.begin);
    for (uint32_t step = steps.begin; status == HARDNET_OK && step < steps.end; step++) {
        status = launch_step(context, step, cuda->stream);
        if (status == HARDNET_OK) status = record(context, step + 1);
    }
    if (status == HARDNET_OK) status = hardnet_cuda_wait(context, cuda->stream);
    return status == HARDNET_OK ? report_steps(context, steps, hardnet_now_ns()) : status;
}

/* Behind a run that fails halfway nothing of it may be on its way: the caller's memory may be gone by then. */
static hardnet_status leave_settled(hardnet_context *context, hardnet_status status) {
    const hardnet_cuda *cuda = hardnet_cuda_state(context);
    if (status != HARDNET_OK) cuda->driver->stream_synchronize(cuda->stream);
    return hardnet_cuda_leave(context, status);
}

hardnet_status hardnet_cuda_run(hardnet_context *context, hardnet_range steps, hardnet_range images) {
    (void)images; /* a launch is of all of them */
    hardnet_status status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    const bool first = steps.begin == 0, last = steps.end == context->schedule.step_count;
    if (first) status = copy_in(context);
    if (status == HARDNET_OK) {
        status = context->trace  ? run_traced(context, steps)
                 : first && last ? launch_graph(context)
                                 : launch_steps(context, steps, hardnet_cuda_state(context)->stream);
    }
    if (status == HARDNET_OK && last) status = copy_out(context);
    if (status == HARDNET_OK) status = hardnet_cuda_wait(context, hardnet_cuda_state(context)->stream);
    return leave_settled(context, status);
}

hardnet_status hardnet_cuda_enqueue(hardnet_context *context) {
    hardnet_status status = hardnet_cuda_enter(context);
    if (status != HARDNET_OK) return status;
    status = copy_in(context);
    if (status == HARDNET_OK) status = launch_graph(context);
    if (status == HARDNET_OK) status = copy_out(context);
    return leave_settled(context, status);
}

hardnet_status hardnet_cuda_wait_for_runs(hardnet_context *context) {
    const hardnet_status status = hardnet_cuda_enter(context);
    return status == HARDNET_OK
               ? hardnet_cuda_leave(context, hardnet_cuda_wait(context, hardnet_cuda_state(context)->stream))
               : status;
}
