/* Masks as pictures, and over the picture that they are of, with a legend. */
#include "draw.h"

static const hardnet_color kText = {236, 238, 242};
enum {
    kMargin = 8,     /* around the legend */
    kGap = 14,       /* between its entries */
    kLargeFrom = 600 /* pixels of width from which letters are doubled */
};

/* Entries lie left to right in as many rows as it takes. */
typedef struct legend_layout {
    int32_t scale;
    int64_t row_height, width;
    int64_t x, y; /* of the entry that comes next */
} legend_layout;

static int64_t entry_width(const hardnet_legend_entry *entry, int32_t scale) {
    return (int64_t)(kGlyphHeight + kGlyphAdvance) * scale + text_width(strlen(entry->text), scale);
}

static legend_layout lay_out(const hardnet_legend_entry *legend, int32_t entries, int32_t width) {
    legend_layout layout = {width >= kLargeFrom ? 2 : 1, 0, width, kMargin, kMargin};
    layout.row_height = kGlyphHeight * layout.scale + kMargin;
    for (int32_t i = 0; i < entries; i++)
        layout.width = most(layout.width, entry_width(&legend[i], layout.scale) + 2 * kMargin);
    return layout;
}

/* Where the entry comes, from the left edge; its row is layout->y. */
static int64_t place(legend_layout *layout, const hardnet_legend_entry *entry) {
    const int64_t width = entry_width(entry, layout->scale);
    if (layout->x > kMargin && layout->x + width + kMargin > layout->width) {
        layout->x = kMargin;
        layout->y += layout->row_height;
    }
    const int64_t at = layout->x;
    layout->x += width + kGap;
    return at;
}

static bool labels_are_fine(const hardnet_label_map *map, int32_t classes) {
    const size_t area = (size_t)map->size.width * (size_t)map->size.height;
    for (size_t i = 0; i < area; i++)
        if (map->labels[i] != HARDNET_UNSEEN && map->labels[i] >= classes) return false;
    return true;
}

hardnet_vision_status hardnet_draw_mask(const hardnet_label_map *map, const hardnet_color *colors,
                                        int32_t classes, const hardnet_picture *out) {
    if (!map_is_fine(map) || !colors || !picture_is_fine(out) || !same_size(map->size, out->size) ||
        !labels_are_fine(map, classes))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_color black = {0, 0, 0};
    const uint16_t *label = map->labels;
    for (int64_t y = 0; y < map->size.height; y++)
        for (int64_t x = 0; x < map->size.width; x++, label++) {
            const hardnet_color color = *label == HARDNET_UNSEEN ? black : colors[*label];
            uint8_t *pixel = pixel_at(out, x, y);
            pixel[0] = color.red;
            pixel[1] = color.green;
            pixel[2] = color.blue;
        }
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_overlay_size(hardnet_size picture, const hardnet_legend_entry *legend,
                                           int32_t entries, hardnet_size *size) {
    if (!size_is_fine(picture) || entries < 0 || (entries > 0 && !legend) || !size)
        return HARDNET_VISION_INVALID_ARGUMENT;
    for (int32_t i = 0; i < entries; i++)
        if (!legend[i].text) return HARDNET_VISION_INVALID_ARGUMENT;
    legend_layout layout = lay_out(legend, entries, picture.width);
    for (int32_t i = 0; i < entries; i++) place(&layout, &legend[i]);
    const int64_t height = picture.height + (entries == 0 ? 0 : layout.y + layout.row_height);
    if (layout.width > INT32_MAX || height > INT32_MAX) return HARDNET_VISION_TOO_LARGE;
    size->width = (int32_t)layout.width;
    size->height = (int32_t)height;
    return HARDNET_VISION_OK;
}

static void blend(const hardnet_picture *picture, const hardnet_label_map *map, const hardnet_color *colors,
                  const hardnet_picture *out) {
    const uint16_t *label = map->labels;
    for (int64_t y = 0; y < map->size.height; y++)
        for (int64_t x = 0; x < map->size.width; x++, label++) {
            const uint8_t *own = pixel_at(picture, x, y);
            uint8_t *pixel = pixel_at(out, x, y);
            hardnet_color color = {own[0], own[1], own[2]};
            const hardnet_color wanted = *label == HARDNET_UNSEEN ? color : colors[*label];
            if (wanted.red || wanted.green || wanted.blue) color = wanted;
            pixel[0] = (uint8_t)((own[0] + color.red + 1) / 2);
            pixel[1] = (uint8_t)((own[1] + color.green + 1) / 2);
            pixel[2] = (uint8_t)((own[2] + color.blue + 1) / 2);
        }
}

hardnet_vision_status hardnet_draw_overlay(const hardnet_picture *picture, const hardnet_label_map *map,
                                           const hardnet_color *colors, int32_t classes,
                                           const hardnet_legend_entry *legend, int32_t entries,
                                           const hardnet_picture *out) {
    hardnet_size wanted;
    if (!picture_is_fine(picture) || !map_is_fine(map) || !same_size(map->size, picture->size) || !colors ||
        !picture_is_fine(out))
        return HARDNET_VISION_INVALID_ARGUMENT;
    const hardnet_vision_status status = hardnet_overlay_size(picture->size, legend, entries, &wanted);
    if (status != HARDNET_VISION_OK) return status;
    if (!same_size(out->size, wanted) || !labels_are_fine(map, classes))
        return HARDNET_VISION_INVALID_ARGUMENT;
    hardnet_paint(out, 0, 0, wanted.width, wanted.height, kPaper);
    blend(picture, map, colors, out);
    legend_layout layout = lay_out(legend, entries, picture->size.width);
    const int64_t swatch = kGlyphHeight * layout.scale, gap = kGlyphAdvance * layout.scale;
    for (int32_t i = 0; i < entries; i++) {
        const char *text = legend[i].text;
        const int64_t x = place(&layout, &legend[i]), y = picture->size.height + layout.y;
        hardnet_paint(out, x, y, swatch, swatch, legend[i].color);
        hardnet_write(out, x + swatch + gap, y, text, strlen(text), kText, layout.scale);
    }
    return HARDNET_VISION_OK;
}
