#include "daemon/configuration.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mistake.h"
#include "base/setting.h"
#include "base/yaml.h"
#include "crypto/certificate.h"
#include "daemon/manual.h"
#include "daemon/policy.h"
#include "daemon/policy_guard.h"
#include "daemon/policy_limits.h"
#include "daemon/syntax.h"
#include "dialect/dialect.h"
#include "oauth/realm.h"

#define FILE_MAX_BYTES    (1024 * 1024)
#define ALLOWED_NAMES     1024
#define PASSWORD_FILE_MAX 4096

static const struct setting_choice levels[] = {
    {"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warning", LOG_WARNING}, {"error", LOG_ERROR}, {0}};
static const struct setting_choice parts[] = {
    {"public", FACE_PUBLIC}, {"guard", FACE_GUARD}, {"operations", SERVES_OPERATIONS}, {0}};

static const struct setting listener_rows[] = {
    {
        .key = "address",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct listener_policy, address),
        .is_fit = syntax_is_address,
        .allowed = "HOST:PORT, an IPv6 address in brackets",
        .help = "Where it listens. Port 0 is any free one.",
    },
    {
        .key = "serves",
        .kind = SETTING_CHOICES,
        .place = SETTING_PLACE(struct listener_policy, serves),
        .least = 1,
        .most = 3,
        .choices = parts,
        .default_text = "public",
        .help = "What it answers: `public` is all that clients call, `guard` what gateways ask, `operations` "
                "/healthz, /readyz and /metrics.",
    },
    {
        .key = "certificate_file",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct listener_policy, certificate_file),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .help = "The certificate chain in PEM; with it the listener speaks TLS. Read again on SIGHUP.",
    },
    {
        .key = "key_file",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct listener_policy, key_file),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .help = "The private key of the certificate, in PEM.",
    },
    {0},
};

#define LIMIT_ROW(name, kind_of, from, to, usual, text)                                                              \
    {                                                                                                                \
        .key = #name, .kind = kind_of, .place = SETTING_PLACE(struct limit_policy, name), .least = from, .most = to, \
        .default_text = usual, .help = text,                                                                         \
    }

static const struct setting limit_rows[] = {
    LIMIT_ROW(body_bytes, SETTING_BYTES, 1024, 16 * 1024 * 1024, "65536", "The longest body of a request (413)."),
    LIMIT_ROW(header_bytes, SETTING_BYTES, 1024, 1024 * 1024, "8192",
              "The longest request line and headers together (431)."),
    LIMIT_ROW(header_count, SETTING_INTEGER, 10, 1000, "64", "The most headers of a request (431)."),
    LIMIT_ROW(connections, SETTING_INTEGER, 16, 1000000, "10000", "The most open connections of a listener."),
    LIMIT_ROW(idle_seconds, SETTING_SECONDS, 1, 3600, "75", "How long a connection may rest between requests."),
    LIMIT_ROW(request_seconds, SETTING_SECONDS, 1, 3600, "30", "How long a whole request may take to arrive (408)."),
    {0},
};

static const struct setting rows[] = {
    {
        .key = "data_directory",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct configuration, data_directory),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .default_text = ".",
        .help = "Where database, control socket and lock live; relative to this file. Made when it is not there.",
    },
    {
        .key = "dialect_directory",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct configuration, dialect_directory),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .help =
            "Where dialects of your own live; relative to this file. NAME.yaml there beats the shipped dialect of "
            "that name.",
    },
    {
        .key = "log_level",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct configuration, log_level),
        .choices = levels,
        .default_text = "info",
        .help = "Events below it are not logged.",
    },
    {
        .key = "workers",
        .kind = SETTING_INTEGER,
        .place = SETTING_PLACE(struct configuration, workers),
        .most = 256,
        .default_text = "0",
        .help = "HTTP threads of each listener, at least 2; 0: as many as processors.",
    },
    {
        .key = "listeners",
        .kind = SETTING_LIST,
        .is_required = true,
        .place = SETTING_PLACE(struct configuration, listeners),
        .beside = SETTING_PLACE(struct configuration, listener_count),
        .least = 1,
        .most = 16,
        .rows = listener_rows,
        .element_size = sizeof(struct listener_policy),
        .help = "Where the daemon listens and for what. At least one must serve `public`.",
    },
    {
        .key = "trusted_proxies",
        .kind = SETTING_TEXTS,
        .place = SETTING_PLACE(struct configuration, trusted_proxies),
        .beside = SETTING_PLACE(struct configuration, trusted_proxy_count),
        .most = 256,
        .is_fit = syntax_is_proxy,
        .allowed = "addresses or networks like 10.0.0.0/8",
        .help = "Whose X-Forwarded-For and X-Forwarded-Host are believed; nobody's without it. They must write both "
                "themselves, not pass on what the client sent.",
    },
    {
        .key = "limits",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct configuration, limits),
        .rows = limit_rows,
        .help = "What a request and a connection may cost.",
    },
    {
        .key = "mail",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct configuration, mail),
        .beside = SETTING_PLACE(struct configuration, mail.is_there),
        .rows = mail_policy_rows,
        .help =
            "By which way mail to people leaves: confirmations, forgotten passwords. Without this section none does.",
    },
    {
        .key = "realms",
        .kind = SETTING_MAP,
        .is_required = true,
        .place = SETTING_PLACE(struct configuration, realms),
        .beside = SETTING_PLACE(struct configuration, realm_count),
        .rows = policy_rows,
        .element_size = sizeof(struct realm),
        .name = SETTING_PLACE(struct realm, name),
        .is_fit = syntax_is_name,
        .allowed = "1 to 63 of a-z, 0-9 and -",
        .help = "The authorization servers, by names that never change: their rows in the database hang on them.",
    },
    {0},
};

/* A configuration that is being read, and the tree that tells the lines. */
struct reading {
    struct configuration *configuration;
    const struct yaml_node *root;
    struct arena *arena;
    struct mistakes *mistakes;
};

static struct str path_of(struct reading *reading, const struct yaml_node *node, const char *key)
{
    return node->path.len ? arena_printf(reading->arena, "%.*s.%s", STR_ARGS(node->path), key) : str_of(key);
}

static unsigned line_of(const struct yaml_node *node, const char *key)
{
    const struct yaml_node *member = yaml_member(node, key);
    return member ? member->line : node->line;
}

static void refuse(struct reading *reading, const struct yaml_node *node, const char *key, struct str found,
                   struct str allowed)
{
    mistake_add(reading->mistakes, reading->configuration->file, line_of(node, key), path_of(reading, node, key),
                found, allowed);
}

/* What the system said of it, in errno. */
static struct str tell_unreadable(struct arena *arena)
{
    return arena_printf(arena, "cannot be read: %s%s", strerror(errno), errno == EFBIG ? " (1 MiB at most)" : "");
}

static void refuse_file(struct reading *reading, const struct yaml_node *node, const char *key, const char *file)
{
    struct str cause = tell_unreadable(reading->arena);
    mistake_tell(reading->mistakes, reading->configuration->file, line_of(node, key), path_of(reading, node, key),
                 arena_printf(reading->arena, "%s %.*s", file, STR_ARGS(cause)));
}

static struct str resolve_path(struct reading *reading, struct str path)
{
    struct str file = reading->configuration->file;
    size_t folder_len = file.len;
    while (folder_len && file.ptr[folder_len - 1] != '/')
        folder_len--;
    if (!str_is_present(path) || path.ptr[0] == '/' || folder_len == 0)
        return arena_str(reading->arena, path);
    return arena_printf(reading->arena, "%.*s%.*s", (int)folder_len, file.ptr, STR_ARGS(path));
}

static void resolve_paths(struct reading *reading)
{
    struct configuration *configuration = reading->configuration;
    configuration->data_directory = resolve_path(reading, configuration->data_directory);
    configuration->dialect_directory = resolve_path(reading, configuration->dialect_directory);
    configuration->mail.password_file = resolve_path(reading, configuration->mail.password_file);
    configuration->mail.directory = resolve_path(reading, configuration->mail.directory);
    for (size_t i = 0; i < configuration->listener_count; i++) {
        struct listener_policy *listener = &configuration->listeners[i];
        listener->certificate_file = resolve_path(reading, listener->certificate_file);
        listener->key_file = resolve_path(reading, listener->key_file);
    }
}

static void check_listener(struct reading *reading, const struct listener_policy *listener,
                           const struct yaml_node *node)
{
    if (str_is_present(listener->certificate_file) && !str_is_present(listener->key_file))
        refuse(reading, node, "key_file", STR_NONE, STR("the key of certificate_file"));
    if (str_is_present(listener->key_file) && !str_is_present(listener->certificate_file))
        refuse(reading, node, "certificate_file", STR_NONE, STR("the certificate of key_file"));
    for (const struct listener_policy *other = reading->configuration->listeners; other < listener; other++)
        if (str_is_present(other->address) && str_equal(other->address, listener->address) &&
            !str_has_suffix(listener->address, STR(":0")))
            refuse(reading, node, "address", mistake_quote(reading->arena, listener->address),
                   STR("an address that no other listener has"));
}

/* The list's elements and the tree's children stand in the same order. */
static void check_listeners(struct reading *reading)
{
    const struct configuration *configuration = reading->configuration;
    const struct yaml_node *list = yaml_member(reading->root, "listeners");
    const struct yaml_node *node = list ? list->child : NULL;
    unsigned served = 0;
    for (size_t i = 0; node && i < configuration->listener_count; i++, node = node->next) {
        check_listener(reading, &configuration->listeners[i], node);
        served |= configuration->listeners[i].serves;
    }
    if (configuration->listener_count && !(served & FACE_PUBLIC))
        refuse(reading, reading->root, "listeners", STR("none that serves public"), STR("at least one"));
}

static void check_mail(struct reading *reading)
{
    const struct mail_policy *mail = &reading->configuration->mail;
    const struct yaml_node *node = yaml_member(reading->root, "mail");
    if (!mail->is_there)
        return;
    if (str_is_present(mail->relay) == str_is_present(mail->directory))
        refuse(reading, node, "relay", str_is_present(mail->relay) ? STR("a directory beside it") : STR_NONE,
               STR("either a relay or a directory"));
    if (str_is_present(mail->username) && !str_is_present(mail->password_file))
        refuse(reading, node, "password_file", STR_NONE, STR("the password of username"));
    if (str_is_present(mail->password_file) && !str_is_present(mail->username))
        refuse(reading, node, "username", STR_NONE, STR("whose password is in password_file"));
}

/* Whoever registers confirms the address that is in the mail. */
static void check_registration(struct reading *reading, const struct realm *realm, const struct yaml_node *node)
{
    const struct yaml_node *people = yaml_member(node, "people");
    if (realm->people.is_open && !reading->configuration->mail.is_there)
        refuse(reading, people, "registration", STR("\"open\""),
               STR("closed, or the section mail: the address is confirmed by mail"));
}

static void check_realms(struct reading *reading)
{
    struct configuration *configuration = reading->configuration;
    const struct yaml_node *map = yaml_member(reading->root, "realms");
    const struct yaml_node *node = map ? map->child : NULL;
    if (map && map->kind == YAML_MAP && configuration->realm_count == 0)
        refuse(reading, reading->root, "realms", STR("none"), STR("at least one"));
    configuration->face_realms = arena_array(reading->arena, struct face_realm, configuration->realm_count);
    configuration->realm_list = arena_array(reading->arena, const struct realm *, configuration->realm_count);
    for (size_t i = 0; node && i < configuration->realm_count; i++, node = node->next) {
        struct realm *realm = &configuration->realms[i];
        configuration->realm_list[i] = realm;
        configuration->face_realms[i] =
            (struct face_realm){.realm = realm, .file = configuration->file, .line = node->line};
        policy_limits_complete(realm, node, configuration->file, reading->mistakes);
        policy_check(realm, node, configuration->file, reading->mistakes);
        policy_guard_compile(realm, node, configuration->file, reading->mistakes);
        check_registration(reading, realm, node);
    }
}

/* False when the text is no YAML; other mistakes leave a configuration to go on checking. */
static bool read_text(struct reading *reading, struct str file, struct str text)
{
    reading->root = yaml_read(file, text, reading->mistakes);
    if (!reading->root)
        return false;
    struct configuration *configuration = arena_new(reading->arena, struct configuration);
    configuration->arena = reading->arena;
    configuration->file = file;
    reading->configuration = configuration;
    settings_read(rows, reading->root, file, reading->mistakes, configuration);
    resolve_paths(reading);
    if (configuration->workers == 1)
        refuse(reading, reading->root, "workers", STR("\"1\""), STR("0, or 2 to 256"));
    check_listeners(reading);
    check_mail(reading);
    check_realms(reading);
    return true;
}

struct configuration *configuration_read(struct str file, struct str text, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct reading reading = {.arena = mistakes->arena, .mistakes = mistakes};
    if (!read_text(&reading, arena_str(mistakes->arena, file), text) || mistakes->count > count_before)
        return NULL;
    return reading.configuration;
}

static bool check_readable(struct reading *reading, const struct yaml_node *node, const char *key, struct str path)
{
    if (!str_is_present(path) || access(path.ptr, R_OK) == 0)
        return true;
    refuse_file(reading, node, key, path.ptr);
    return false;
}

/* Without a text where a file cannot be read; the key is wiped at once. */
static enum certificate_fit find_fit(const struct listener_policy *listener)
{
    struct arena *arena = arena_create();
    struct str chain = STR("");
    struct str key = STR("");
    (void)file_read(arena, listener->certificate_file.ptr, FILE_MAX_BYTES, &chain);
    (void)file_read(arena, listener->key_file.ptr, FILE_MAX_BYTES, &key);
    enum certificate_fit fit = certificate_fit(chain, key);
    arena_destroy(arena);
    return fit;
}

static void check_certificate(struct reading *reading, const struct yaml_node *node,
                              const struct listener_policy *listener)
{
    bool is_readable = check_readable(reading, node, "certificate_file", listener->certificate_file);
    is_readable = check_readable(reading, node, "key_file", listener->key_file) && is_readable;
    if (!is_readable || !str_is_present(listener->certificate_file) || !str_is_present(listener->key_file))
        return;
    enum certificate_fit fit = find_fit(listener);
    if (fit == CERTIFICATE_IS_NONE)
        refuse(reading, node, "certificate_file",
               arena_printf(reading->arena, "\"%s\", which holds no certificate", listener->certificate_file.ptr),
               STR("a chain of certificates in PEM"));
    if (fit == KEY_IS_NONE)
        refuse(reading, node, "key_file",
               arena_printf(reading->arena, "\"%s\", which holds no key", listener->key_file.ptr),
               STR("a private key in PEM, without a password"));
    if (fit == KEY_IS_ANOTHERS)
        refuse(reading, node, "key_file",
               arena_printf(reading->arena, "\"%s\", which does not fit the certificate", listener->key_file.ptr),
               STR("the private key of the first certificate in certificate_file"));
}

static void read_mail_password(struct reading *reading)
{
    struct mail_policy *mail = &reading->configuration->mail;
    const struct yaml_node *node = yaml_member(reading->root, "mail");
    struct str text;
    if (!str_is_present(mail->password_file) || !check_readable(reading, node, "password_file", mail->password_file))
        return;
    if (!file_read(reading->arena, mail->password_file.ptr, PASSWORD_FILE_MAX, &text))
        text = STR("");
    mail->password = str_slice(text, 0, strcspn(text.ptr, "\r\n"));
    if (!mail->password.len)
        refuse(reading, node, "password_file", mistake_quote(reading->arena, mail->password_file),
               STR("a file with a password in its first line"));
}

static void check_files(struct reading *reading)
{
    const struct configuration *configuration = reading->configuration;
    check_readable(reading, reading->root, "dialect_directory", configuration->dialect_directory);
    read_mail_password(reading);
    const struct yaml_node *list = yaml_member(reading->root, "listeners");
    const struct yaml_node *node = list ? list->child : NULL;
    for (size_t i = 0; node && i < configuration->listener_count; i++, node = node->next)
        check_certificate(reading, node, &configuration->listeners[i]);
}

static struct str list_shipped_dialects(struct arena *arena)
{
    struct buf names;
    buf_init(&names, arena, ALLOWED_NAMES);
    for (size_t i = 0; str_is_present(dialect_shipped_name(i)); i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARGS(dialect_shipped_name(i)));
    buf_add(&names, STR(" or a file of dialect_directory"));
    return buf_str(&names);
}

static const struct yaml_node *realm_node(const struct reading *reading, size_t index)
{
    const struct yaml_node *node = yaml_member(reading->root, "realms")->child;
    while (index--)
        node = node->next;
    return node;
}

/* The folder's file, else the shipped text. */
static struct dialect *load_dialect(struct reading *reading, size_t index)
{
    struct str folder = reading->configuration->dialect_directory;
    struct str name = reading->configuration->realms[index].dialect;
    struct str text;
    if (str_is_present(folder)) {
        struct str file = arena_printf(reading->arena, "%s/%.*s.yaml", folder.ptr, STR_ARGS(name));
        if (file_read(reading->arena, file.ptr, FILE_MAX_BYTES, &text))
            return dialect_read(file, text, reading->mistakes);
        if (errno != ENOENT) {
            refuse_file(reading, realm_node(reading, index), "dialect", file.ptr);
            return NULL;
        }
    }
    text = dialect_shipped(name);
    if (str_is_present(text))
        return dialect_read(arena_printf(reading->arena, "(shipped) %.*s.yaml", STR_ARGS(name)), text,
                            reading->mistakes);
    refuse(reading, realm_node(reading, index), "dialect", mistake_quote(reading->arena, name),
           list_shipped_dialects(reading->arena));
    return NULL;
}

/* Realms of one dialect share it; it is read, and its mistakes are told, once. */
static void load_dialects(struct reading *reading)
{
    struct configuration *configuration = reading->configuration;
    for (size_t i = 0; i < configuration->realm_count; i++) {
        if (!str_is_present(configuration->realms[i].dialect))
            continue;
        size_t first = 0;
        while (!str_equal(configuration->realms[first].dialect, configuration->realms[i].dialect))
            first++;
        configuration->face_realms[i].dialect =
            first < i ? configuration->face_realms[first].dialect : load_dialect(reading, i);
    }
}

struct configuration *configuration_load(const char *path, struct mistakes *mistakes)
{
    struct reading reading = {.arena = mistakes->arena, .mistakes = mistakes};
    struct str file = arena_str(mistakes->arena, str_of(path));
    struct str text;
    if (!file_read(mistakes->arena, path, FILE_MAX_BYTES, &text)) {
        mistake_tell(mistakes, file, 0, STR_NONE, tell_unreadable(mistakes->arena));
        return NULL;
    }
    size_t count_before = mistakes->count;
    if (!read_text(&reading, file, text))
        return NULL;
    check_files(&reading);
    load_dialects(&reading);
    return mistakes->count == count_before ? reading.configuration : NULL;
}

void configuration_destroy(struct configuration *configuration)
{
    if (configuration)
        arena_destroy(configuration->arena);
}

void configuration_write_reference(struct buf *out, enum reference_kind kind)
{
    manual_write(rows, out, kind);
}
