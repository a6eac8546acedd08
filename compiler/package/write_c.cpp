#include "compiler/package/write_c.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "compiler/emission/kernel.h"

namespace hardnet {
namespace {

using Lines = fmt::memory_buffer;

template <typename... T>
void add(Lines &out, fmt::format_string<T...> format, T &&...values) {
    fmt::format_to(std::back_inserter(out), format, std::forward<T>(values)...);
}

std::string upper(std::string text) {
    for (char &c : text) c = char(std::toupper((unsigned char)c));
    return text;
}

// An output's name may be a file's own: any characters.
std::string in_c_string(const std::string &name) {
    std::string text;
    for (char c : name) text += c == '"' || c == '\\' || c == '?' ? std::string("\\") + c : std::string(1, c);
    return text;
}

std::string symbolic_features(uint32_t features) {
    static const std::pair<uint32_t, const char *> names[] = {
        {HARDNET_CPU_SSE3, "HARDNET_CPU_SSE3"},       {HARDNET_CPU_SSSE3, "HARDNET_CPU_SSSE3"},
        {HARDNET_CPU_SSE41, "HARDNET_CPU_SSE41"},     {HARDNET_CPU_SSE42, "HARDNET_CPU_SSE42"},
        {HARDNET_CPU_POPCNT, "HARDNET_CPU_POPCNT"},   {HARDNET_CPU_AVX, "HARDNET_CPU_AVX"},
        {HARDNET_CPU_F16C, "HARDNET_CPU_F16C"},       {HARDNET_CPU_FMA, "HARDNET_CPU_FMA"},
        {HARDNET_CPU_AVX2, "HARDNET_CPU_AVX2"},       {HARDNET_CPU_BMI1, "HARDNET_CPU_BMI1"},
        {HARDNET_CPU_BMI2, "HARDNET_CPU_BMI2"},       {HARDNET_CPU_LZCNT, "HARDNET_CPU_LZCNT"},
        {HARDNET_CPU_MOVBE, "HARDNET_CPU_MOVBE"},     {HARDNET_CPU_AVX512, "HARDNET_CPU_AVX512"},
        {HARDNET_CPU_NEON, "HARDNET_CPU_NEON"},       {HARDNET_CPU_VNNI, "HARDNET_CPU_VNNI"},
        {HARDNET_CPU_DOTPROD, "HARDNET_CPU_DOTPROD"}, {HARDNET_CPU_PRFCHW, "HARDNET_CPU_PRFCHW"},
    };
    std::string text;
    for (const auto &[bit, name] : names) {
        if (features & bit) text += (text.empty() ? "" : " | ") + std::string(name);
    }
    return text;
}

void write_transform(Lines &out, const std::string &prefix, const WeightTransform &transform) {
    for (bool rows : {true, false}) {
        const auto &points = rows ? transform.rows : transform.columns;
        add(out, "static const double {}_{}[{}][3] = {{\n", prefix, rows ? "rows" : "columns", points.size());
        for (const auto &taps : points)
            add(out, "    {{{:.17g}, {:.17g}, {:.17g}}},\n", taps[0], taps[1], taps[2]);
        add(out, "}};\n");
    }
    add(out, "static const uint8_t {}_points[{}][2] = {{\n   ", prefix, transform.points.size());
    for (const auto &[row, column] : transform.points) add(out, " {{{}, {}}},", row, column);
    add(out, "\n}};\n");
}

void write_roundings(Lines &out, const std::string &level, const std::vector<WeightRounding> &roundings) {
    for (size_t r = 0; r < roundings.size(); r++) {
        const auto &sources = roundings[r].sources;
        for (size_t s = 0; s < sources.size(); s++)
            add(out, "static const float {}_units{}_{}[] = {{{:.9e}f}};\n", level, r, s,
                fmt::join(sources[s].units, "f, "));
        add(out, "static const hardnet_source {}_sources{}[] = {{\n", level, r);
        for (size_t s = 0; s < sources.size(); s++)
            add(out, "    {{{}, {}_units{}_{}, {}}},\n", sources[s].channels, level, r, s, sources[s].shift);
        add(out, "}};\n");
    }
    if (roundings.empty()) return;
    add(out, "static const hardnet_rounding {}_roundings[] = {{\n", level);
    for (size_t r = 0; r < roundings.size(); r++)
        add(out, "    {{{}, {}, {}_sources{}, {}, {}}},\n", roundings[r].most, roundings[r].sources.size(),
            level, r, channels_in_step(roundings[r].products), int(roundings[r].summed));
    add(out, "}};\n");
}

void write_views(Lines &out, const std::string &level, const Plan &plan) {
    add(out, "static const hardnet_view {}_views[] = {{\n", level);
    for (const hardnet_view &v : plan.views) {
        add(out, "    {{{}, {}, {}, {}, {}, {}, {{", v.base, v.port, v.type, v.rank, v.written, v.offset);
        for (int d = 0; d < v.rank; d++) {
            add(out, "{}{{{}, {}, {}}}", d ? ", " : "", v.dims[d].min, v.dims[d].extent, v.dims[d].stride);
        }
        add(out, "}}}},\n");
    }
    add(out, "}};\n");
}

void write_work(Lines &out, const std::string &level, const Plan &plan) {
    add(out, "static const hardnet_argument {}_arguments[] = {{\n", level);
    for (const hardnet_argument &a : plan.arguments)
        add(out, "    {{{}, {}, {}, {}}},\n", a.view, a.split, a.dim, a.unit);
    add(out, "}};\nstatic const hardnet_call {}_calls[] = {{\n", level);
    for (const hardnet_call &c : plan.calls)
        add(out, "    {{{}, {}, {}}},\n", c.kernel, c.first_argument, c.arguments);
    add(out, "}};\nstatic const hardnet_part {}_parts[] = {{\n", level);
    for (const hardnet_part &p : plan.parts) {
        add(out, "    {{{}, {}, {}, {}, {:.3f}f}},\n", p.first_call, p.calls, p.units, p.chunk, p.unit_cost);
    }
    add(out, "}};\nstatic const hardnet_step {}_steps[] = {{\n", level);
    for (const hardnet_step &s : plan.steps)
        add(out, "    {{{}, {}, {}, {}}},\n", s.kind, s.layer, s.first_part, s.parts);
    add(out, "}};\nstatic const hardnet_packing {}_packings[] = {{\n", level);
    for (const hardnet_packing &p : plan.packings) {
        add(out, "    {{{}, {}, {}, {}, {}, {}, {}, {}}},\n", p.kind, p.tensor, p.transform, p.first_out,
            p.out, p.block, p.offset, p.rounding);
    }
    add(out, "}};\nstatic const int32_t {}_layer_views[] = {{\n    {}\n}};\n", level,
        fmt::join(plan.layer_views, ", "));
}

void write_level(Lines &out, const Plan &plan) {
    const std::string &level = plan.machine->level;
    add(out, "\n/* ---- {} */\n", level);
    if (!plan.machine->gpu()) {
        add(out, "static const hardnet_kernel {}_kernels[] = {{\n", level);
        for (const KernelSpec &k : plan.kernels)
            add(out, "    {}_argv, /* {} */\n", symbol(k, *plan.machine), operator_name(k));
        add(out, "}};\n");
    }
    write_views(out, level, plan);
    write_work(out, level, plan);
    for (size_t i = 0; i < plan.transforms.size(); i++) {
        write_transform(out, level + "_g" + std::to_string(i), plan.transforms[i]);
    }
    if (!plan.transforms.empty()) {
        add(out, "static const hardnet_transform {}_transforms[] = {{\n", level);
        for (size_t i = 0; i < plan.transforms.size(); i++) {
            const WeightTransform &t = plan.transforms[i];
            add(out, "    {{{0}, {1}, {2}_g{3}_rows, {2}_g{3}_columns, {4}, {2}_g{3}_points}},\n",
                t.rows.size(), t.columns.size(), level, i, t.positions());
        }
        add(out, "}};\n");
    }
    write_roundings(out, level, plan.roundings);
}

void write_launches(Lines &out, const Plan &plan, const std::string &name,
                    const std::vector<gpu::Launch> &launches) {
    const std::string &level = plan.machine->level;
    for (size_t k = 0; k < launches.size(); k++)
        add(out, "static const uint8_t {}_order{}[] = {{{}}};\n", level, k,
            fmt::join(launches[k].order, ", "));
    add(out, "static const hardnet_launch {}_launches[] = {{\n", level);
    for (size_t k = 0; k < launches.size(); k++) {
        const gpu::Launch &l = launches[k];
        add(out, "    {{\"{}\", {{{}}}, {{{}}}, {}, {}_order{}, {}}}, /* {} */\n", l.name,
            fmt::join(l.grid, ", "), fmt::join(l.block, ", "), l.shared_bytes, level, k, l.order.size(),
            operator_name(plan.gpu_kernels[k].spec));
    }
    add(out, "}};\nextern const hardnet_module {}_{}_module;\n", name, level);
}

const char *device_name(hardnet_device_kind device) {
    return device == HARDNET_DEVICE_OPENCL ? "HARDNET_DEVICE_OPENCL" : "HARDNET_DEVICE_CUDA";
}

void write_level_record(Lines &out, const std::string &name, const Plan &plan) {
    const std::string &l = plan.machine->level;
    const bool gpu = plan.machine->gpu();
    add(out, "    {{\"{}\", {},\n", l, gpu ? "0" : symbolic_features(plan.machine->features));
    add(out, "     {6}, {1}, {0}_views, {2}, {0}_arguments, {3}, {0}_calls, {4}, {0}_parts, {5},\n", l,
        plan.kernels.size() + plan.gpu_kernels.size(), plan.views.size(), plan.arguments.size(),
        plan.calls.size(), plan.parts.size(), gpu ? "NULL" : l + "_kernels");
    add(out, "     {0}_steps, {1}, {0}_packings, {2}, ", l, plan.steps.size(), plan.packings.size());
    if (plan.transforms.empty())
        add(out, "NULL, 0, ");
    else
        add(out, "{}_transforms, {}, ", l, plan.transforms.size());
    if (plan.roundings.empty())
        add(out, "NULL, 0, ");
    else
        add(out, "{}_roundings, {}, ", l, plan.roundings.size());
    add(out, "{}_layer_views,\n     {}, {}, {}, ", l, plan.arena_bytes / 4, plan.scratch_bytes / 4,
        plan.weight_bytes / 4);
    if (gpu)
        add(out, "{2}, {0}_launches, &{1}_{0}_module}},\n", l, name, device_name(plan.machine->device));
    else
        add(out, "HARDNET_DEVICE_CPU, NULL, NULL}},\n");
}

// The levels of each platform, seen only by a compiler for it: the others' kernels are not there to be
// linked.
void write_platforms(Lines &out, const std::string &name, const std::vector<Plan> &plans,
                     const std::vector<gpu::Module> &modules) {
    std::vector<const Plan *> everywhere;  // GPUs' levels
    for (size_t p = 0; p < plans.size(); p++) {
        if (!plans[p].machine->gpu()) continue;
        everywhere.push_back(&plans[p]);
        write_level(out, plans[p]);
        write_launches(out, plans[p], name, modules[p].launches);
    }
    const auto write_levels = [&](const std::vector<const Plan *> &levels) {
        add(out, "\nstatic const hardnet_level levels[] = {{\n");
        for (const Plan *p : levels) write_level_record(out, name, *p);
        for (const Plan *p : everywhere) write_level_record(out, name, *p);
        add(out, "}};\n");
    };
    if (everywhere.size() == plans.size()) return write_levels({});
    static const std::pair<const char *, const char *> kMacros[] = {{"x86_64-linux", "__x86_64__"},
                                                                    {"aarch64-linux", "__aarch64__"}};
    const char *directive = "#if";
    std::string platforms;
    for (const auto &[platform, macro] : kMacros) {
        std::vector<const Plan *> levels;
        for (const Plan &p : plans) {
            if (p.machine->platform == platform) levels.push_back(&p);
        }
        if (levels.empty()) continue;
        add(out, "\n{} defined({})\n", directive, macro);
        for (const Plan *p : levels) {
            for (const KernelSpec &k : p->kernels)
                add(out, "extern int {}_argv(void **);\n", symbol(k, *p->machine));
        }
        for (const Plan *p : levels) write_level(out, *p);
        write_levels(levels);
        platforms += (platforms.empty() ? "" : " or ") + std::string(platform);
        directive = "#elif";
    }
    add(out, "#else\n#error \"{}: expected a compiler for {}, found one for another processor\"\n#endif\n",
        name, platforms);
}

void write_weights(Lines &out, const Network &network) {
    add(out, "\nstatic const char *const layer_names[] = {{\n");
    for (const Layer &l : network.layers) add(out, "    \"{}\",\n", l.name);
    add(out, "}};\n\nstatic const hardnet_weight weights[] = {{\n");
    for (const Layer &l : network.layers) {
        for (const FoldedTensor &t : folded_tensors(l))
            add(out, "    {{\"{}\", {}, {{{}}}}},\n", t.name, t.shape.size(), fmt::join(t.shape, ", "));
    }
    add(out, "}};\n");
}

}  // namespace

std::string plan_header(const Network &network, const PackageNames &names) {
    const std::string macro = upper(names.name);
    Lines out;
    add(out, "/* {}: {} compiled for {} x {} pixels of {} {}, {} per run. */\n", names.name, network.name,
        network.input.height, network.input.width, network.input.channels,
        network.input.channels == 1 ? "plane" : "planes",
        names.batch == 1 ? "one image" : std::to_string(names.batch) + " images");
    add(out, "#ifndef {0}_H\n#define {0}_H\n\n#include \"hardnet/hardnet.h\"\n\n", macro);
    add(out, "#define {}_BATCH {}\n#define {}_CHANNELS {}\n", macro, names.batch, macro,
        network.input.channels);
    add(out, "#define {}_HEIGHT {}\n#define {}_WIDTH {}\n", macro, network.input.height, macro,
        network.input.width);
    add(out, "#define {}_CLASSES {}\n", macro, network.classes);
    add(out, "#define {0}_VERSION_MAJOR {1}\n#define {0}_VERSION_MINOR {2}\n\n", macro, HARDNET_VERSION_MAJOR,
        HARDNET_VERSION_MINOR);
    add(out, "#ifdef __cplusplus\nextern \"C\" {{\n#endif\nextern const hardnet_network {};\n", names.name);
    add(out, "#ifdef __cplusplus\n}}\n#endif\n#endif\n");
    return fmt::to_string(out);
}

std::string plan_source(const Network &network, const PackageNames &names, const std::vector<Plan> &plans,
                        const std::vector<gpu::Module> &modules) {
    Lines out;
    add(out, "/* {}: the plan. Generated; the tables are explained in hardnet/plan.h. */\n", names.name);
    add(out, "#include \"{}.h\"\n\n#include \"hardnet/plan.h\"\n", names.name);
    write_weights(out, network);
    write_platforms(out, names.name, plans, modules);
    add(out, "\nstatic const hardnet_port outputs[] = {{\n");
    for (const Output &output : network.outputs) {
        const std::vector<int64_t> shape = output_shape(network, output);
        add(out, "    {{\"{}\", HARDNET_FLOAT32, {}, {{{}, {}}}}},\n", in_c_string(output.name),
            1 + shape.size(), names.batch, fmt::join(shape, ", "));
    }
    add(out, "}};\n");
    const Shape &in = network.input;
    add(out, "\nconst hardnet_network {} = {{\n    HARDNET_PLAN_VERSION, \"{}\", {},\n", names.name,
        names.name, names.batch);
    add(out, "    {{\"image\", HARDNET_FLOAT32, 4, {{{}, {}, {}, {}}}}}, ", names.batch, in.channels,
        in.height, in.width);
    add(out, "{{\"image\", HARDNET_UINT8, 4, {{{}, {}, {}, {}}}}},\n", names.batch, in.height, in.width,
        in.channels);
    add(out,
        "    outputs, {}, layer_names, {}, weights, {}, levels, sizeof(levels) / sizeof(levels[0])\n}};\n",
        network.outputs.size(), network.layers.size(), weight_tensor(network, int(network.layers.size())));
    return fmt::to_string(out);
}

std::string module_source(const PackageNames &names, const std::string &level, const std::string &bytes) {
    const std::string symbol = names.name + "_" + level + "_module";
    Lines out;
    add(out, "/* {}: the kernels of its level {}, as the driver loads them. Generated. */\n", names.name,
        level);
    add(out, "#include \"hardnet/plan.h\"\n\nextern const hardnet_module {};\n", symbol);
    add(out, "static const uint64_t bytes[] = {{");
    for (size_t i = 0; i < bytes.size(); i += 8) {
        uint64_t word = 0;  // every platform is little-endian
        std::memcpy(&word, bytes.data() + i, std::min<size_t>(8, bytes.size() - i));
        add(out, "{}{:#x},", i % 40 ? " " : "\n    ", word);
    }
    add(out, "\n}};\nconst hardnet_module {} = {{bytes, {}}};\n", symbol, bytes.size());
    return fmt::to_string(out);
}

}  // namespace hardnet
