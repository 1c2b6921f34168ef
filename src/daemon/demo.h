/*
 * demo.h — `jeton demo`: a folder with everything in it, served at once.
 *
 * The folder holds the configuration, the data and demo.json, which tells programs the origin and the credentials.
 * What is registered stands in examples/seed.yaml: no service is known here. A folder that is a demo already keeps
 * its credentials; where the address differs, configuration and demo.json are written anew.
 *
 * Threads: as daemon_serve.
 */
#pragma once

struct demo_options {
    const char *folder;
    const char *listen; /* HOST:PORT as in syntax.h; port 0: any free one */
};

/* Serves until SIGTERM or SIGINT. The exit status, with the reasons on stderr. */
int demo_serve(const struct demo_options *options);
