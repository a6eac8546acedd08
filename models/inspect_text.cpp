#include "models/inspect_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "graph/measures.h"

namespace hardnet {
namespace {

using Row = std::vector<std::string>;

std::string millions(int64_t value, int digits) {
    return fmt::format("{:.{}f}", static_cast<double>(value) * 1e-6, digits);
}

std::string shape_text(const Shape &shape) {
    return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

// Columns as wide as their widest cell, two spaces apart; the first `left` columns start on the left.
std::string aligned(const std::vector<Row> &rows, size_t left) {
    std::vector<size_t> widths(rows[0].size(), 0);
    for (const Row &row : rows) {
        for (size_t c = 0; c < row.size(); c++) widths[c] = std::max(widths[c], row[c].size());
    }
    std::string text;
    for (const Row &row : rows) {
        std::string line;
        for (size_t c = 0; c < row.size(); c++) {
            line += fmt::format(c < left ? "{:<{}}  " : "{:>{}}  ", row[c], widths[c]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

Row measure_cells(const LayerMeasures &m) {
    return {std::to_string(m.parameters), millions(m.macs, 2), millions(m.cio, 3),
            m.cio > 0 ? fmt::format("{:.1f}", m.moc()) : "-"};
}

void append(Row &row, const Row &cells) { row.insert(row.end(), cells.begin(), cells.end()); }

std::string table(const Network &network, const Measures &measures, bool layers,
                  const std::vector<InspectColumn> &extra) {
    std::vector<Row> rows = {{"layer", "operator", "input", "output", "parameters", "MMACs", "CIO M", "MoC"}};
    for (const InspectColumn &column : extra) rows[0].push_back(column.title);
    for (size_t i = 0; layers && i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        Row row = {layer.name, describe(layer), shape_text(layer.in), shape_text(layer.out)};
        append(row, measure_cells(measures.layers[i]));
        for (const InspectColumn &column : extra) row.push_back(column.cells[i]);
        rows.push_back(row);
    }
    Row total = {network.name, fmt::format("{} layers", network.layers.size()), shape_text(network.input),
                 shape_text(network.layers.back().out)};
    append(total, measure_cells(measures.total));
    rows.push_back(total);
    return aligned(rows, 4) +
           fmt::format("\nMoC of a convolution: min {:.1f}, median {:.1f}\n", measures.min_moc,
                       measures.median_moc) +
           fmt::format("concatenation by copy would move {} M elements\n",
                       millions(measures.total.concat, 3));
}

nlohmann::ordered_json to_json(const LayerMeasures &m) {
    return {{"parameters", m.parameters},
            {"macs", m.macs},
            {"cio", m.cio},
            {"moc", m.moc()},
            {"concat", m.concat}};
}

nlohmann::ordered_json to_json(const Shape &shape) { return {shape.channels, shape.height, shape.width}; }

std::string json(const Network &network, const Measures &measures, bool layers,
                 const std::vector<InspectColumn> &extra) {
    nlohmann::ordered_json root = {{"name", network.name}, {"input", to_json(network.input)}};
    root["output"] = to_json(network.layers.back().out);
    root.update(to_json(measures.total));
    root["min_moc"] = measures.min_moc;
    root["median_moc"] = measures.median_moc;
    for (size_t i = 0; layers && i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        nlohmann::ordered_json entry = {{"name", layer.name}, {"operator", describe(layer)}};
        entry["sources"] = nlohmann::json::array();
        for (int source : layer.sources()) {
            entry["sources"].push_back(source == kNetworkInput ? "input" : network.layers[source].name);
        }
        entry["input"] = to_json(layer.in);
        entry["output"] = to_json(layer.out);
        entry.update(to_json(measures.layers[i]));
        for (const InspectColumn &column : extra) entry[column.title] = column.cells[i];
        root["layers"].push_back(entry);
    }
    return root.dump(2) + "\n";
}

// A cell with a comma, quote or line break is quoted (RFC 4180).
std::string csv_line(const Row &row) {
    std::string line;
    for (const std::string &cell : row) {
        std::string text = cell;
        if (cell.find_first_of(",\"\n") != std::string::npos) {
            text = "\"";
            for (char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
            text += "\"";
        }
        line += (line.empty() ? "" : ",") + text;
    }
    return line + "\n";
}

std::string csv(const Network &network, const Measures &measures, bool layers,
                const std::vector<InspectColumn> &extra) {
    const auto measure_columns = [](const LayerMeasures &m) {
        return Row{std::to_string(m.parameters), std::to_string(m.macs), std::to_string(m.cio),
                   fmt::format("{:.6g}", m.moc()), std::to_string(m.concat)};
    };
    Row header = {"layer", "operator", "input", "output", "parameters", "macs", "cio", "moc", "concat"};
    for (const InspectColumn &column : extra) header.push_back(column.title);
    std::string text = csv_line(header);
    for (size_t i = 0; layers && i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        Row row = {layer.name, describe(layer), shape_text(layer.in), shape_text(layer.out)};
        append(row, measure_columns(measures.layers[i]));
        for (const InspectColumn &column : extra) row.push_back(column.cells[i]);
        text += csv_line(row);
    }
    Row total = {"total", "", shape_text(network.input), shape_text(network.layers.back().out)};
    append(total, measure_columns(measures.total));
    total.resize(header.size());
    return text + csv_line(total);
}

// SCALE-Sim has no padding: the input extent that a layer lists is the one its windows cover. It has no dilation
// either, and a transposed convolution is a convolution of stride 1 on an input with zeros in between. It takes a
// layer with DP in its name as depthwise, of one filter. Its readers of all versions agree on 8 columns and a
// comma behind the last.
std::string scale_sim(const Network &network) {
    std::string text =
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
        "Strides,\n";
    for (const Layer &layer : network.layers) {
        if (!layer.has_bias()) continue;
        const bool full = layer.op == OpKind::kFullyConnected;
        const int stride = layer.op == OpKind::kTransposedConv ? 1 : layer.window.y.stride;
        const int height = full ? layer.in.height : layer.window.y.kernel,
                  width = full ? layer.in.width : layer.window.x.kernel;
        const auto covered = [&](int out, int window) { return (out - 1) * stride + window; };
        const bool depthwise = layer.op == OpKind::kDepthwiseConv;
        text += fmt::format("{}{},{},{},{},{},{},{},{},\n", depthwise ? "DP_" : "", layer.name,
                            covered(layer.out.height, height), covered(layer.out.width, width), height, width,
                            layer.in.channels, depthwise ? 1 : layer.out.channels, stride);
    }
    return text;
}

}  // namespace

Result<InspectFormat> inspect_format(const std::string &name) {
    if (name == "table") return InspectFormat::kTable;
    if (name == "json") return InspectFormat::kJson;
    if (name == "csv") return InspectFormat::kCsv;
    if (name == "scale-sim") return InspectFormat::kScaleSim;
    return usage_error("format: expected table, json, csv or scale-sim, found " + shown(name) +
                       did_you_mean(name, {"table", "json", "csv", "scale-sim"}));
}

std::string inspect_text(const Network &network, InspectFormat format, bool layers,
                         const std::vector<InspectColumn> &extra) {
    const Measures measures = measure(network);
    switch (format) {
        case InspectFormat::kJson:
            return json(network, measures, layers, extra);
        case InspectFormat::kCsv:
            return csv(network, measures, layers, extra);
        case InspectFormat::kScaleSim:
            return scale_sim(network);
        default:
            return table(network, measures, layers, extra);
    }
}

std::string list_text(const std::vector<Network> &networks) {
    std::vector<Row> rows = {{"name", "input", "parameters", "MMACs", "CIO M"}};
    for (const Network &network : networks) {
        const LayerMeasures total = measure(network).total;
        rows.push_back({network.name, fmt::format("{}x{}", network.input.height, network.input.width),
                        std::to_string(total.parameters), millions(total.macs, 2), millions(total.cio, 3)});
    }
    return aligned(rows, 2);
}

std::string list_json(const std::vector<Network> &networks) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Network &network : networks) {
        nlohmann::ordered_json entry = {{"name", network.name}, {"input", to_json(network.input)}};
        entry.update(to_json(measure(network).total));
        list.push_back(entry);
    }
    return list.dump(2) + "\n";
}

}  // namespace hardnet
