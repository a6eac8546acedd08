// Which inputs a sliding window reads, axis by axis.
#pragma once

namespace hardnet {

// Output o reads the inputs stride * o + dilation * k - before, for k from 0 to kernel - 1; what lies outside the
// input is padding: `before` elements in front of it and `after` behind it.
struct WindowAxis {
    int kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

    int reach() const { return dilation * (kernel - 1) + 1; }  // extent of the window
    int first(int output) const { return stride * output - before; }
    int last(int output) const { return first(output) + reach() - 1; }
    // How many windows fit an input of `extent`, 0 where none does. With `ceil_mode` a last one may reach beyond what is
    // padded, if it begins within the image or its front padding.
    int outputs(int extent, bool ceil_mode = false) const {
        const int room = before + extent + after - reach();
        if (room < 0) return 0;
        const int windows = (ceil_mode ? room + stride - 1 : room) / stride + 1;
        return ceil_mode && (windows - 1) * stride >= extent + before ? windows - 1 : windows;
    }
    bool operator==(const WindowAxis &o) const {
        return kernel == o.kernel && stride == o.stride && dilation == o.dilation && before == o.before &&
               after == o.after;
    }
};

struct Window {
    WindowAxis y, x;

    static Window square(int kernel, int stride = 1, int padding = 0, int dilation = 1) {
        const WindowAxis axis{kernel, stride, dilation, padding, padding};
        return {axis, axis};
    }
    int taps() const { return y.kernel * x.kernel; }
    bool operator==(const Window &o) const { return y == o.y && x == o.x; }
    bool operator!=(const Window &o) const { return !(*this == o); }
};

}  // namespace hardnet
