#include "python/net.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "cli/readers.h"
#include "graph/mask.h"

using namespace hardnet;
using Json = nlohmann::ordered_json;

struct hardnet_net {
    std::unique_ptr<LoadedPackage> loaded;
    RunOptions options;              // of the reader, which refers to them
    std::unique_ptr<Reader> reader;  // made for the first picture
    std::vector<PictureResult> pictures;
    std::string description, reading;  // JSON
};

namespace {

void fail(hardnet_failure *failure, const Error &error, hardnet_status status = HARDNET_OK) {
    std::string text = error.what;
    for (const std::string &line : error.detail) text += "\n  " + line;
    failure->status = status;
    failure->code = int32_t(error.code);
    failure->text[text.copy(failure->text, HARDNET_FAILURE_CHARS - 1)] = '\0';
}

// Runs `body`, which gives nothing that is false but where it has failed; no exception leaves it.
template <typename Body>
auto guarded(hardnet_failure *failure, const Body &body) -> decltype(body()) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        fail(failure, environment_error("memory: expected more of it, found none left"),
             HARDNET_OUT_OF_MEMORY);
    } catch (const std::exception &error) {
        fail(failure, {ExitCode::kInternal, std::string("internal: ") + error.what(), {}});
    }
    return {};
}

std::string dump(const Json &json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Tensors that nothing states the meaning of are a task, too: net.run is for them.
Task task_or_tensor(const LoadedPackage &loaded) {
    const Result<Task> task = task_of(loaded.model());
    return task ? *task : Task::kTensor;
}

std::string describe(const LoadedPackage &loaded, const Json &notes) {
    const Manifest &m = loaded.manifest();
    const Task task = task_or_tensor(loaded);
    const bool one_class = task == Task::kSegmentation && m.classes() == 1 && !gives_mask(loaded.model());
    Json outputs = Json::array();
    for (const PackageOutput &output : loaded.outputs())
        outputs.push_back({{"name", output.name}, {"shape", output.shape}});
    return dump({{"name", m.name},
                 {"task", name_of(task)},
                 {"takes_threshold", task == Task::kSsd || task == Task::kCenterNet || one_class},
                 {"input", {m.batch, m.planes(), m.height(), m.width()}},
                 {"outputs", outputs},
                 {"classes", m.classes()},
                 {"class_names", m.class_names},
                 {"level", loaded.level()},
                 {"device", loaded.device()},
                 {"threads", loaded.threads()},
                 {"notes", notes}});
}

Status make_reader(hardnet_net &net) {
    const LoadedPackage &loaded = *net.loaded;
    const Manifest &m = loaded.manifest();
    const Task task = task_or_tensor(loaded);
    if (task == Task::kTensor)
        return usage_error(m.name +
                           ": expected an array for run, found a picture for a network of raw tensors");
    if (!are_of_pictures(m.planes()))
        return usage_error(fmt::format(
            "{}: expected an array for run, found a picture for a network of {} planes", m.name, m.planes()));
    Result<std::unique_ptr<Reader>> reader = reader_for(task, loaded, net.options, {});
    if (!reader) return reader.error();
    net.reader = std::move(*reader);
    return ok();
}

// Samples as a file of the same channels would be read.
Image image_of(const hardnet_net_picture &from) {
    Image image{from.size.width, from.size.height, {}};
    const size_t pixels = size_t(from.size.width) * size_t(from.size.height);
    image.rgb.resize(pixels * 3);
    image.alpha.assign(pixels, 255);
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *pixel = from.samples + i * size_t(from.channels);
        for (size_t c = 0; c < 3; c++) image.rgb[3 * i + c] = pixel[from.channels == 1 ? 0 : c];
        if (from.channels == 4) image.alpha[i] = pixel[3];
    }
    return image;
}

Result<Image> read_picture(const hardnet_net_picture &from, Transparency transparency) {
    const Orientation orientation = from.as_stored ? Orientation::kAsStored : Orientation::kUpright;
    if (from.path) return read_image(from.path, {}, orientation, transparency);
    const ByteView file(static_cast<const uint8_t *>(from.file), from.file_size);
    if (from.file) return decode_image(file, "bytes", {}, orientation, transparency);
    return image_of(from);
}

Status put(hardnet_net &net, int32_t slot, const hardnet_net_picture &picture) {
    if (!net.reader)
        if (const Status made = make_reader(net); !made) return made.error();
    const Result<Image> image = read_picture(picture, transparency_for(net.loaded->manifest().planes()));
    if (!image) return image.error();
    Result<PictureResult> result =
        put_picture(*net.loaded, *image, slot, picture.path ? picture.path : "picture");
    if (!result) return result.error();
    net.pictures[size_t(slot)] = std::move(*result);
    return ok();
}

hardnet_status bind(const LoadedPackage &loaded, const hardnet_tensor *input, const hardnet_tensor *outputs) {
    hardnet_status status = hardnet_bind_input(loaded.context(), 0, input);
    for (size_t i = 0; i < loaded.outputs().size() && status == HARDNET_OK; i++)
        status = hardnet_bind_output(loaded.context(), int32_t(i), outputs + i);
    return status;
}

// Back to the context's own memory: the caller's may be gone, and something else there, by the next run.
void unbind(const LoadedPackage &loaded) {
    const hardnet_tensor none = {};
    hardnet_bind_input(loaded.context(), 0, &none);
    for (size_t i = 0; i < loaded.outputs().size(); i++)
        hardnet_bind_output(loaded.context(), int32_t(i), &none);
}

}  // namespace

hardnet_net *hardnet_net_open(const char *folder, const hardnet_net_options *options,
                              hardnet_failure *failure) {
    return guarded(failure, [&]() -> hardnet_net * {
        hardnet_status status = HARDNET_OK;
        Json notes = Json::array();
        LoadOptions load;
        load.threads = options->threads;
        if (options->level) load.level = options->level;
        if (options->device) load.device = options->device;
        load.log = [](void *notes, const char *message) { static_cast<Json *>(notes)->push_back(message); };
        load.log_user = &notes;
        if (options->weights_path) load.weights_path = options->weights_path;
        load.weights_data = options->weights_data;
        load.weights_size = options->weights_size;
        load.status = &status;
        Result<std::unique_ptr<LoadedPackage>> loaded = LoadedPackage::load(folder, load);
        if (!loaded) {
            fail(failure, loaded.error(), status);
            return nullptr;
        }
        auto net = std::make_unique<hardnet_net>();
        net->description = describe(**loaded, notes);
        net->pictures.resize(size_t((*loaded)->batch()));
        net->loaded = std::move(*loaded);
        return net.release();
    });
}

void hardnet_net_close(hardnet_net *net) { delete net; }

const char *hardnet_net_description(const hardnet_net *net) { return net->description.c_str(); }

int32_t hardnet_net_run(hardnet_net *net, const hardnet_tensor *input, const hardnet_tensor *outputs,
                        hardnet_failure *failure) {
    return guarded(failure, [&]() -> int32_t {
        const LoadedPackage &loaded = *net->loaded;
        hardnet_status status = input ? bind(loaded, input, outputs) : HARDNET_OK;
        if (status == HARDNET_OK) status = hardnet_run(loaded.context());
        if (status != HARDNET_OK) fail(failure, loaded.failure(status), status);
        if (input) unbind(loaded);
        return status == HARDNET_OK;
    });
}

int32_t hardnet_net_put(hardnet_net *net, int32_t slot, const hardnet_net_picture *picture,
                        hardnet_size *size, hardnet_failure *failure) {
    return guarded(failure, [&]() -> int32_t {
        if (const Status status = put(*net, slot, *picture); !status) {
            fail(failure, status.error());
            return 0;
        }
        const PictureResult &put = net->pictures[size_t(slot)];
        *size = {put.width, put.height};
        return 1;
    });
}

const char *hardnet_net_read(hardnet_net *net, int32_t slot, const hardnet_net_reading *how, uint16_t *mask,
                             hardnet_failure *failure) {
    return guarded(failure, [&]() -> const char * {
        if (how->top > 0)
            net->options.top = how->top;
        else
            net->options.top.reset();
        if (how->threshold >= 0)
            net->options.threshold = how->threshold;
        else
            net->options.threshold.reset();
        Result<Reading> reading = net->reader->read(std::move(net->pictures[size_t(slot)]));
        if (!reading) {
            fail(failure, reading.error());
            return nullptr;
        }
        std::copy(reading->map.labels.begin(), reading->map.labels.end(), mask);
        net->reading = dump(reading->json);
        return net->reading.c_str();
    });
}
