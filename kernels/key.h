// The text that a kernel's content address is made of: every number of its specification, named.
#pragma once
#include <cstdio>
#include <initializer_list>
#include <string>
#include <utility>

#include "graph/activation.h"
#include "graph/precision.h"
#include "graph/window.h"
#include "kernels/epilogue.h"

namespace hardnet {

struct Key {
    explicit Key(const char *operator_name) : text(operator_name) {}
    Key(const char *operator_name, Precision products) : text(operator_name) {
        if (products != Precision::kFloat32) text += std::string("_") + name_of(products);
    }

    Key &add(const char *name, std::initializer_list<int> values) {
        text += std::string(" ") + name + "=";
        const char *separator = "";
        for (int v : values) {
            text += separator + std::to_string(v);
            separator = ",";
        }
        return *this;
    }
    Key &add(const char *name, const std::string &value) {
        text += std::string(" ") + name + "=" + value;
        return *this;
    }
    Key &add(const char *name, float value) { return add(name, digits_of(value)); }
    Key &add(const Window &w) {
        for (const auto &[name, axis] : {std::pair("x", w.x), std::pair("y", w.y)})
            add(name, {axis.kernel, axis.stride, axis.dilation, axis.before, axis.after});
        return *this;
    }
    Key &add(const char *name, const Storage &storage) {
        if (!storage) return *this;
        add(name, {storage.most, storage.exponent, int(storage.type)});
        return storage.factor == 1 ? *this : add("factor", storage.factor);
    }
    Key &add(const Residual &r) {
        if (!r) return *this;
        return add("residual", {r.pixel_stride, r.row_stride}).add("residual_stored", r.storage);
    }
    Key &add(Activation a) {
        std::string value = traits_of(a).name;
        const float numbers[2] = {a.first, a.second};
        for (int i = 0; i < traits_of(a).numbers; i++) value += "," + digits_of(numbers[i]);
        return add("activation", value);
    }

    static std::string digits_of(float value) {
        char digits[32];
        std::snprintf(digits, sizeof digits, "%.9g", double{value});  // as many as tell any two apart
        return digits;
    }

    std::string text;
};

}  // namespace hardnet
