#include "daemon/demo.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/demo_api.h"
#include "daemon/demo_seed.h"
#include "daemon/folder.h"
#include "daemon/shipped.h"
#include "http/address.h"

#define FILE_MAX 1048576
#define PORT_MAX 65535
#define NOBODY   -1
/* The first line of the configuration tells a demo from any other folder, the second what it was made of. */
#define MARK "# Made by `jeton demo`"

struct demo {
    struct arena *arena;
    const char *folder;
    struct str host;
    unsigned port;
    unsigned operations_port;
    int claim;           /* of the data folder; NOBODY: none yet */
    bool is_new;         /* the configuration was made anew */
    json_t *values;      /* for the holes of configuration and seed */
    json_t *description; /* demo.json */
    struct demo_api *api;
};

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "jeton demo: %s: %s\n", what, why);
    return false;
}

static const char *path_in(const struct demo *demo, const char *name)
{
    return arena_printf(demo->arena, "%s/%s", demo->folder, name).ptr;
}

/* "localhost:8080", "[::1]:8080" */
static void read_listen(struct demo *demo, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    assert(colon); /* syntax_is_address */
    (void)port_parse(str_of(colon + 1), &demo->port);
    demo->host = (struct str){listen, (size_t)(colon - listen)};
}

/* --- ports: the issuers stand in the configuration, so a free port is chosen before it is written --- */

static unsigned bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char service[NI_MAXSERV];
    int64_t port;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, service, sizeof(service), NI_NUMERICSERV) != 0 ||
        !str_parse_int(str_of(service), &port))
        return 0;
    return (unsigned)port;
}

/* The server's choice: "localhost" is loopback without a look into the hosts file. NULL with the reason. */
static struct addrinfo *find_addresses(struct arena *arena, struct str host, unsigned port, const char **ret_reason)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    bool is_bracketed = str_has_prefix(host, STR("["));
    struct str name = is_bracketed ? str_slice(host, 1, host.len - 2) : host;
    const char *node = str_equal(name, STR("localhost")) ? NULL : arena_cstr(arena, name);
    int failure = getaddrinfo(node, arena_printf(arena, "%u", port).ptr, &hints, &found);
    if (failure == 0)
        return found;
    *ret_reason = arena_printf(arena, "the name does not resolve (%s)", gai_strerror(failure)).ptr;
    return NULL;
}

/* -1 with errno set when it is taken. */
static int bind_to(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* as the server does it: connections that have ended do not hold the port */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

/* The first of the addresses that this machine has, when none of them is taken; -1 with errno set. */
static int hold_first(const struct addrinfo *found)
{
    int held = -1;
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        int fd = bind_to(at);
        if (fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
            continue;
        if (fd < 0) {
            int cause = errno;
            if (held >= 0)
                close(held);
            errno = cause;
            return -1;
        }
        if (held < 0)
            held = fd;
        else
            close(fd);
    }
    return held;
}

/* A socket that holds the port, so that the next choice is another; -1 with the reason. */
static int hold_port(struct arena *arena, struct str host, unsigned port, const char **ret_reason)
{
    struct addrinfo *found = find_addresses(arena, host, port, ret_reason);
    if (!found)
        return -1;
    int fd = hold_first(found);
    if (fd < 0)
        *ret_reason = strerror(errno);
    freeaddrinfo(found);
    return fd;
}

static int hold_operations_port(const struct demo *demo, const char **ret_reason)
{
    const struct str host = STR("127.0.0.1");
    int fd = demo->port < PORT_MAX ? hold_port(demo->arena, host, demo->port + 1, ret_reason) : -1;
    return fd >= 0 ? fd : hold_port(demo->arena, host, 0, ret_reason);
}

static bool choose_ports(struct demo *demo, const char *listen)
{
    const char *reason = NULL;
    int main_fd = hold_port(demo->arena, demo->host, demo->port, &reason);
    int operations_fd = -1;
    if (main_fd >= 0) {
        demo->port = bound_port(main_fd);
        operations_fd = hold_operations_port(demo, &reason);
        close(main_fd);
    }
    if (operations_fd < 0)
        return complain(listen, arena_printf(demo->arena, "%s; choose another with --listen HOST:PORT", reason).ptr);
    demo->operations_port = bound_port(operations_fd);
    close(operations_fd);
    return true;
}

/* Whoever listens at every address is reached at this one. */
static struct str reachable_host(const struct demo *demo)
{
    bool is_every = str_equal(demo->host, STR("0.0.0.0")) || str_equal(demo->host, STR("[::]"));
    return is_every ? STR("localhost") : demo->host;
}

static void set_values(struct demo *demo)
{
    struct arena *arena = demo->arena;
    struct str host = reachable_host(demo);
    struct str origin = arena_printf(arena, "http://%.*s:%u", STR_ARGS(host), demo->port);
    struct str listen = arena_printf(arena, "%.*s:%u", STR_ARGS(demo->host), demo->port);
    json_t *values = json_keep(arena, json_object());
    json_object_set_new(values, "origin", json_of_str(origin));
    json_object_set_new(values, "host", json_of_str(host));
    json_object_set_new(values, "port", json_of_str(arena_printf(arena, "%u", demo->port)));
    json_object_set_new(values, "listen", json_of_str(listen));
    json_object_set_new(values, "operations",
                        json_of_str(arena_printf(arena, "127.0.0.1:%u", demo->operations_port)));
    demo->values = values;
}

/* --- the folder --- */

static bool is_folder_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool is_empty = folder != NULL;
    while (is_empty && (entry = readdir(folder)))
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (folder)
        closedir(folder);
    return is_empty;
}

static bool is_demo(const struct demo *demo)
{
    struct str configuration;
    return file_read(demo->arena, path_in(demo, "jeton.yaml"), FILE_MAX, &configuration) &&
           str_has_prefix(configuration, STR(MARK));
}

static bool open_folder(const struct demo *demo)
{
    if (mkdir(demo->folder, 0700) == 0)
        return true;
    if (errno != EEXIST)
        return complain(demo->folder, strerror(errno));
    if (is_folder_empty(demo->folder) || is_demo(demo))
        return true;
    return complain(demo->folder, "is neither empty nor a demo; choose another with --dir");
}

/* Before anything is written: the files may be those of a demo that runs. */
static bool claim_folder(struct demo *demo)
{
    struct str error;
    demo->claim = folder_claim(str_of(path_in(demo, "data")), demo->arena, &error);
    if (demo->claim != NOBODY)
        return true;
    fprintf(stderr, "jeton demo: %.*s\n", STR_ARGS(error));
    return false;
}

static void read_description(struct demo *demo)
{
    struct str text;
    demo->description = NULL;
    if (file_read(demo->arena, path_in(demo, "demo.json"), FILE_MAX, &text))
        demo->description = json_read(demo->arena, text);
    if (!json_is_object(demo->description))
        demo->description = json_keep(demo->arena, json_object());
}

static struct str first_lines(const struct demo *demo)
{
    return arena_printf(demo->arena,
                        MARK ", and made anew when --listen or jeton's own demo changes; what stood here before is\n"
                             "# then in jeton.yaml.before. Made of %016llx.\n",
                        (unsigned long long)str_hash(shipped_demo_configuration()));
}

/* The same address and the same demo as last time: whatever the operator changed in the configuration stays. */
static bool is_unchanged(const struct demo *demo)
{
    struct str text;
    struct str origin = json_member(demo->description, "origin");
    return file_read(demo->arena, path_in(demo, "jeton.yaml"), FILE_MAX, &text) &&
           str_has_prefix(text, first_lines(demo)) && str_equal(origin, json_member(demo->values, "origin"));
}

static bool write_configuration(struct demo *demo)
{
    struct str text, unknown;
    demo->is_new = !is_unchanged(demo);
    if (!demo->is_new)
        return true;
    if (!fill_holes(demo->arena, shipped_demo_configuration(), demo->values, NULL, &text, &unknown))
        return complain("demo.yaml", "has a hole that nothing fills");
    text = arena_printf(demo->arena, "%.*s%.*s", STR_ARGS(first_lines(demo)), STR_ARGS(text));
    const char *path = path_in(demo, "jeton.yaml");
    if (rename(path, path_in(demo, "jeton.yaml.before")) != 0 && errno != ENOENT)
        return complain(path, strerror(errno));
    return file_write(path, text, 0600) || complain(path, strerror(errno));
}

static bool write_description(const struct demo *demo)
{
    const char *path = path_in(demo, "demo.json");
    struct str text = json_text_indented(demo->arena, demo->description);
    text = arena_printf(demo->arena, "%.*s\n", STR_ARGS(text));
    return file_write(path, text, 0600) || complain(path, strerror(errno));
}

/* --- serving --- */

static void print_url(const json_t *service)
{
    const json_t *user = json_object_get(service, "user");
    const char *url = json_string_value(json_object_get(service, "authorize_url"));
    if (url && user)
        printf("# In a browser, as %s with the password %s:\n%s\n",
               json_string_value(json_object_get(user, "username")),
               json_string_value(json_object_get(user, "password")), url);
}

/* The API behind the guard, with the token that the line above gets. */
static void print_call(const json_t *service)
{
    const char *call = json_string_value(json_object_get(service, "call"));
    if (call)
        printf("# and calls the API with it:\n%s\n", call);
}

static void print_tries(const struct demo *demo)
{
    const char *name;
    json_t *service;
    printf("Jeton serves %s from %s. Each line that begins with curl gets a token; each\n"
           "URL asks you in a browser, which ends at an address where nobody listens: the code stands in it.\n\n",
           json_member(demo->values, "origin").ptr, demo->folder);
    json_object_foreach(json_object_get(demo->description, "services"), name, service)
    {
        printf("# %s\n%s\n", name, json_string_value(json_object_get(service, "try")));
        print_call(service);
        print_url(service);
        putchar('\n');
    }
    fflush(stdout);
}

static void tell_addresses(struct demo *demo)
{
    struct str operations = json_member(demo->values, "operations");
    json_object_set(demo->description, "origin", json_object_get(demo->values, "origin"));
    json_object_set_new(demo->description, "operations",
                        json_of_str(arena_printf(demo->arena, "http://%.*s", STR_ARGS(operations))));
}

static bool register_services(const struct control_host *host, void *arg)
{
    struct demo *demo = arg;
    struct str error;
    if (demo->is_new)
        tell_addresses(demo);
    if (!seed_services(host, demo->arena, demo->values, demo->description, &error))
        return complain(demo->folder, arena_cstr(demo->arena, error));
    return write_description(demo);
}

static void say_ready(void *arg)
{
    print_tries(arg);
    puts("ready");
    fflush(stdout);
}

static bool answer_api(struct exchange *exchange, void *arg)
{
    struct demo *demo = arg;
    return demo_api_answer(demo->api, exchange);
}

static bool prepare(struct demo *demo, const char *listen)
{
    read_listen(demo, listen);
    if (!choose_ports(demo, listen) || !open_folder(demo) || !claim_folder(demo))
        return false;
    set_values(demo);
    read_description(demo);
    return write_configuration(demo);
}

int demo_serve(const struct demo_options *options)
{
    struct demo demo = {.arena = arena_create(), .folder = options->folder, .claim = NOBODY};
    int status = 1;
    demo.api = demo_api_create();
    if (prepare(&demo, options->listen)) {
        const struct daemon_options daemon = {
            .configuration_path = path_in(&demo, "jeton.yaml"),
            .before_serve = register_services,
            .after_serve = say_ready,
            .answer = answer_api,
            .claimed_directory = path_in(&demo, "data"),
            .arg = &demo,
        };
        status = daemon_serve(&daemon);
    }
    if (demo.claim != NOBODY)
        folder_release(demo.claim);
    demo_api_destroy(demo.api);
    arena_destroy(demo.arena);
    return status;
}
