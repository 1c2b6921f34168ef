#include "web/qr.h"

#include <qrencode.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"

/* Light modules around it, so that a camera finds it. [ISO/IEC 18004 5.3.8] */
#define MARGIN      4
#define PICTURE_MAX (256 * 1024)

static void end_code(void *code)
{
    QRcode_free(code);
}

/* A path of squares one module high: neighbours of a row are one piece. */
static void write_row(struct buf *out, const unsigned char *row, int y, int width)
{
    for (int x = 0; x < width; x++) {
        int len = 0;
        while (x + len < width && row[x + len] & 1)
            len++;
        if (len)
            buf_printf(out, "M%d %dh%dv1h-%dz", x + MARGIN, y + MARGIN, len, len);
        x += len;
    }
}

struct str qr_picture(struct arena *arena, struct str text)
{
    struct buf out;
    QRcode *code = QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
    if (!code)
        return STR_NONE;
    arena_defer(arena, end_code, code);
    buf_init(&out, arena, PICTURE_MAX);
    int size = code->width + 2 * MARGIN;
    buf_printf(&out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">",
               size, size);
    buf_printf(&out, "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", size, size);
    for (int y = 0; y < code->width; y++)
        write_row(&out, code->data + y * code->width, y, code->width);
    buf_add(&out, STR("\"/></svg>"));
    struct str svg = base64_write(arena, buf_str(&out));
    return arena_printf(arena, "data:image/svg+xml;base64,%.*s", STR_ARGS(svg));
}
