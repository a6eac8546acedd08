#include "cli/batch_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace hardnet {
namespace {

namespace fs = std::filesystem;

int label_called(const Manifest &manifest, const std::string &name) {
    const auto &names = manifest.class_names;
    const auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end()) return int(at - names.begin());
    int label = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), label);
    const bool number = error == std::errc() && end == name.data() + name.size() && !name.empty();
    return names.empty() && number && label >= 0 && label < manifest.classes() ? label : -1;
}

}  // namespace

Result<PictureResult> put_picture(LoadedPackage &loaded, const Image &image, int slot,
                                  const std::string &name) {
    const Manifest &m = loaded.manifest();
    const Result<hardnet_resize_plan> plan =
        preprocess(image, m.network.preprocessing, {m.height(), m.width()}, loaded.input(slot), name);
    if (!plan) return plan.error();
    PictureResult result;
    result.file = name;
    result.slot = slot;
    result.width = image.width;
    result.height = image.height;
    result.plan = *plan;
    return result;
}

Result<PictureResult> put_picture(LoadedPackage &loaded, const std::string &file, int slot) {
    const Result<Image> image =
        read_image(file, ImageLimits(), Orientation::kUpright, transparency_for(loaded.manifest().planes()));
    return image ? put_picture(loaded, *image, slot, file) : image.error();
}

Status run_pictures(LoadedPackage &loaded, const std::vector<std::string> &files, const BatchOptions &options,
                    const std::function<Status(PictureResult)> &each) {
    const int planes = loaded.manifest().planes();
    for (size_t next = 0; next < files.size();) {
        std::vector<PictureResult> results;
        int filled = 0;  // places of the batch
        for (; next < files.size() && filled < loaded.batch(); next++) {
            Result<Image> image =
                read_image(files[next], options.limits, options.orientation, transparency_for(planes));
            Result<PictureResult> put =
                image ? put_picture(loaded, *image, filled, files[next]) : image.error();
            PictureResult &result = results.emplace_back();
            if (!put) {
                result.file = files[next];
                result.error = put.error();
                continue;
            }
            filled++;
            result = std::move(*put);
            if (options.thumbnail_side > 0) result.thumbnail = thumbnail_of(*image, options.thumbnail_side);
            if (options.keeps_pictures) result.picture = std::move(*image);
        }
        if (filled > 0)
            if (const Status status = loaded.run(); !status) return status;
        for (PictureResult &result : results)
            if (const Status status = each(std::move(result)); !status) return status;
    }
    return ok();
}

std::string label_text(const Manifest &manifest, int label) {
    return manifest.class_names.empty() ? fmt::format("class {}", label) : manifest.class_names[label];
}

int label_in_name(const Manifest &manifest, const std::string &file) {
    const fs::path path = fs::path(file);
    const std::string stem = path.stem().string();
    const int label = label_called(manifest, stem.substr(0, stem.find('_')));
    return label >= 0 ? label : label_called(manifest, path.parent_path().filename().string());
}

}  // namespace hardnet
