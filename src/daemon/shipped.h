/*
 * shipped.h — the files of examples/ and the version, compiled into the program.
 *
 * Threads: any; constant.
 */
#pragma once

#include "base/text.h"

/* What `jeton init` writes. */
struct str shipped_configuration(void);
/* What the demo runs with, and what it registers (daemon/demo_seed.h). */
struct str shipped_demo_configuration(void);
struct str shipped_seed(void);
/* What its sample APIs answer (daemon/demo_api.h). */
struct str shipped_sample(void);
/* "0.1.0" */
struct str shipped_version(void);
