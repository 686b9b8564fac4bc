/*
 * qr.c - a text as a QR code as a PNG; the door to libqrencode and libpng.
 *
 * A byte a pixel, and eight pixels a module: cameras read that from a screen,
 * and it packs into less than a kilobyte.
 */
#include <png.h>
#include <qrencode.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "twofactor/twofactor_local.h"

enum { MODULE = 8, QUIET = 4, WHITE = 255, BLACK = 0 };

static void
end_code(QRcode **code)
{
    QRcode_free(*code);
}
#define ENDED_AT_END __attribute__((cleanup(end_code)))

/* The pixels of a code with the quiet zone that the standard wants. */
static uint8_t *
paint(void *mem, const QRcode *code, size_t side)
{
    size_t width = (size_t)code->width;
    uint8_t *pixels = mem_alloc(mem, mem_size(side, side));

    memset(pixels, WHITE, side * side);
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++) {
            size_t column = x / MODULE - QUIET, row = y / MODULE - QUIET;

            if (column < width && row < width &&
                (code->data[row * width + column] & 1) != 0)
                pixels[y * side + x] = BLACK;
        }
    return pixels;
}

static struct bytes
write_png(void *mem, const uint8_t *pixels, size_t side)
{
    png_image image = { .version = PNG_IMAGE_VERSION,
                        .width = (png_uint_32)side,
                        .height = (png_uint_32)side,
                        .format = PNG_FORMAT_GRAY };
    png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *png = mem_alloc(mem, n);

    if (png_image_write_to_memory(&image, png, &n, 0, pixels, 0, NULL) == 0)
        die("libpng: %s", image.message);
    return (struct bytes){ png, n };
}

char *
qr_data_url(void *mem, const char *text)
{
    QRcode *code ENDED_AT_END = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL)
        die("libqrencode: %zu bytes are too many", strlen(text));
    size_t side = ((size_t)code->width + 2 * QUIET) * MODULE;
    struct bytes png = write_png(mem, paint(mem, code, side), side);
    return mem_printf(mem, "data:image/png;base64,%s",
                      base64_encode(mem, png.at, png.len));
}
