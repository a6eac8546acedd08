// The runtime from C++17: hardnet.h with handles that close themselves and failures that are thrown. Header
// only.
//
//     hardnet::Options options;
//     options.weights_path = "hardnet68.safetensors";
//     hardnet::Context context(hardnet68, options);     // hardnet68: of the package's header
//     hardnet::View<float> input = context.input<float>();
//     std::copy(image.begin(), image.end(), input.begin());
//     context.run();
//     hardnet::View<const float> logits = context.output<float>();
//
// A Context belongs to one thread at a time, as a hardnet_context does. It may be moved; the one moved from
// can only be assigned to or destroyed. What fails throws
// hardnet::Failure, which carries the status and the runtime's text. Nothing here adds a copy or, in run(),
// an allocation.
#ifndef HARDNET_HARDNET_HPP
#define HARDNET_HARDNET_HPP

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hardnet/hardnet.h"

namespace hardnet {

class Failure : public std::runtime_error {
public:
    Failure(hardnet_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
    hardnet_status status() const noexcept { return status_; }

private:
    hardnet_status status_;
};

// The C API's options with their defaults, and strings that own their text. `hooks` holds the rest (allocate,
// release, parallel, log, user, cuda_context, cuda_stream); its weights, folder, threads, level, device and input type
// are not looked at.
struct Options {
    std::string weights_path;  // or, where this is empty, a file in memory:
    const void *weights_data = nullptr;
    std::size_t weights_size = 0;
    std::string packed_folder;  // of prepacked weights; "": none
    int threads = 0;            // 0: as many as this process may use
    std::string level;          // "avx2"; "": the best that this CPU runs
    std::string device;         // "cuda:1"; "": the CPU
    hardnet_type input_type = HARDNET_FLOAT32;
    hardnet_options hooks = HARDNET_OPTIONS_DEFAULT;
};

// A dense tensor in place, outermost dimension first. It does not own its elements.
template <typename T>
class View {
public:
    View(T *data, std::vector<std::int64_t> shape) : data_(data), shape_(std::move(shape)) {
        for (const std::int64_t extent : shape_) size_ *= static_cast<std::size_t>(extent);
    }
    T *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }  // elements
    const std::vector<std::int64_t> &shape() const noexcept { return shape_; }
    T *begin() const noexcept { return data_; }
    T *end() const noexcept { return data_ + size_; }
    T &operator[](std::size_t i) const noexcept { return data_[i]; }

private:
    T *data_;
    std::vector<std::int64_t> shape_;
    std::size_t size_ = 1;
};

class Context {
public:
    Context(const hardnet_network &network, const Options &options) {
        hardnet_options c = options.hooks;
        c.weights_path = options.weights_path.empty() ? nullptr : options.weights_path.c_str();
        c.weights_data = options.weights_data;
        c.weights_size = options.weights_size;
        c.packed_folder = options.packed_folder.empty() ? nullptr : options.packed_folder.c_str();
        c.threads = options.threads;
        c.level = options.level.empty() ? nullptr : options.level.c_str();
        c.device = options.device.empty() ? nullptr : options.device.c_str();
        c.input_type = options.input_type;
        const hardnet_status status = hardnet_open(&network, &c, &context_);
        if (status == HARDNET_OK) return;
        const Failure failure = failed(status);
        hardnet_close(context_);
        throw failure;
    }
    ~Context() { hardnet_close(context_); }
    Context(Context &&other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
    Context &operator=(Context &&other) noexcept {
        std::swap(context_, other.context_);
        return *this;
    }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;

    // T is float or std::uint8_t, whichever input type the context was opened with.
    template <typename T>
    View<T> input(std::int32_t index = 0) {
        hardnet_tensor tensor;
        check(hardnet_input(context_, index, &tensor));
        return view<T>(tensor);
    }
    template <typename T>
    View<const T> output(std::int32_t index = 0) {
        hardnet_tensor tensor;
        check(hardnet_output(context_, index, &tensor));
        return view<const T>(tensor);
    }

    // Runs read and write the caller's memory from here on: as many elements as the input or output has.
    // nullptr goes back to the context's own.
    template <typename T>
    void bind_input(const T *data, std::int32_t index = 0) {
        hardnet_tensor tensor;
        check(hardnet_input(context_, index, &tensor));
        check(hardnet_bind_input(context_, index, with_data(tensor, const_cast<T *>(data))));
    }
    template <typename T>
    void bind_output(T *data, std::int32_t index = 0) {
        hardnet_tensor tensor;
        check(hardnet_output(context_, index, &tensor));
        check(hardnet_bind_output(context_, index, with_data(tensor, data)));
    }

    // The same in memory of the context's device.
    void bind_input_device(void *device, std::int32_t index = 0) {
        check(hardnet_bind_input_device(context_, index, device));
    }
    void bind_output_device(void *device, std::int32_t index = 0) {
        check(hardnet_bind_output_device(context_, index, device));
    }

    void run() { check(hardnet_run(context_)); }
    void enqueue() { check(hardnet_enqueue(context_)); }
    void wait() { check(hardnet_wait(context_)); }
    std::string level() const { return hardnet_level_name(context_); }
    hardnet_context *get() const noexcept { return context_; }  // for the C API; stays this object's

private:
    hardnet_context *context_ = nullptr;

    Failure failed(hardnet_status status) const {
        const char *text = context_ ? hardnet_last_error(context_) : "";
        return Failure(status, *text ? text : hardnet_status_text(status));
    }
    void check(hardnet_status status) const {
        if (status != HARDNET_OK) throw failed(status);
    }
    template <typename T>
    static constexpr hardnet_type type_of() {
        using Element = std::remove_const_t<T>;
        static_assert(std::is_same_v<Element, float> || std::is_same_v<Element, std::uint8_t>,
                      "tensors hold float or std::uint8_t");
        return std::is_same_v<Element, float> ? HARDNET_FLOAT32 : HARDNET_UINT8;
    }
    template <typename T>
    static View<T> view(const hardnet_tensor &tensor) {
        if (tensor.type != type_of<T>())
            throw Failure(HARDNET_INVALID_ARGUMENT, type_of<T>() == HARDNET_FLOAT32
                                                        ? "tensor: expected float elements, found uint8"
                                                        : "tensor: expected uint8 elements, found float");
        return View<T>(static_cast<T *>(tensor.data), {tensor.shape, tensor.shape + tensor.rank});
    }
    template <typename T>
    static const hardnet_tensor *with_data(hardnet_tensor &tensor, T *data) {
        tensor.data = data;
        tensor.type = type_of<T>();
        return &tensor;
    }
};

}  // namespace hardnet
#endif
