/*
 * files.h — what the pages are made of, compiled in: meson.build names it.
 */
#pragma once

#include "base/embedded.h"

extern const struct embedded_file web_texts[];
extern const struct embedded_file web_pages[];
extern const struct embedded_file web_static[];
