#include "web/colors.h"

#include <math.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"

#define TEXT_CONTRAST 4.5
/* A button is known by its text; its shape must only not be lost. */
#define SHAPE_CONTRAST 1.6
#define STEPS          64

static const struct color white = {0xff, 0xff, 0xff}, black = {0, 0, 0};

/* Of style.css. */
struct scheme {
    struct color card;
    struct color page;
    double softness; /* how much of the accent is in --accent-soft */
};

static const struct scheme day = {{0xff, 0xff, 0xff}, {0xf4, 0xf5, 0xf7}, 0.08};
static const struct scheme night = {{0x1a, 0x1d, 0x22}, {0x11, 0x13, 0x17}, 0.14};

bool color_parse(struct str text, struct color *ret_color)
{
    unsigned char bytes[3];
    if (text.len != 7 || text.ptr[0] != '#' || !hex_parse(str_slice(text, 1, 6), bytes, sizeof(bytes)))
        return false;
    *ret_color = (struct color){bytes[0], bytes[1], bytes[2]};
    return true;
}

static double linearize(unsigned char channel)
{
    double value = channel / 255.0;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double find_luminance(struct color color)
{
    return 0.2126 * linearize(color.red) + 0.7152 * linearize(color.green) + 0.0722 * linearize(color.blue);
}

double color_contrast(struct color a, struct color b)
{
    double one = find_luminance(a) + 0.05, other = find_luminance(b) + 0.05;
    return one > other ? one / other : other / one;
}

struct color color_find_text(struct color background)
{
    return color_contrast(white, background) >= color_contrast(black, background) ? white : black;
}

static unsigned char mix_channel(unsigned char from, unsigned char to, double part)
{
    return (unsigned char)lround(from + (to - from) * part);
}

static struct color mix(struct color from, struct color to, double part)
{
    return (struct color){mix_channel(from.red, to.red, part), mix_channel(from.green, to.green, part),
                          mix_channel(from.blue, to.blue, part)};
}

struct color color_adapt(struct color color, struct color background, double contrast)
{
    struct color end = color_find_text(background), adapted = color;
    for (int step = 1; step <= STEPS && color_contrast(adapted, background) < contrast; step++)
        adapted = mix(color, end, (double)step / STEPS);
    return adapted;
}

static void write_color(struct buf *out, const char *name, struct color color)
{
    buf_printf(out, "%s:#%02x%02x%02x;", name, color.red, color.green, color.blue);
}

static void write_scheme(struct buf *out, struct color accent, const struct scheme *scheme)
{
    struct color shape = color_adapt(accent, scheme->card, SHAPE_CONTRAST);
    struct color soft = mix(scheme->card, accent, scheme->softness);
    struct color text = color_adapt(accent, scheme->card, TEXT_CONTRAST);
    text = color_adapt(text, scheme->page, TEXT_CONTRAST);
    text = color_adapt(text, soft, TEXT_CONTRAST);
    buf_add(out, STR(":root{"));
    write_color(out, "--accent", shape);
    write_color(out, "--on-accent", color_find_text(shape));
    write_color(out, "--accent-text", text);
    write_color(out, "--accent-soft", soft);
    buf_add(out, STR("}"));
}

struct str colors_write(struct arena *arena, struct color accent)
{
    struct buf out;
    buf_init(&out, arena, 1024);
    write_scheme(&out, accent, &day);
    buf_add(&out, STR("@media (prefers-color-scheme:dark){"));
    write_scheme(&out, accent, &night);
    buf_add(&out, STR("}\n"));
    return buf_str(&out);
}
