/*
 * crowd.c — fills a stopped daemon's database with people and what they have allowed, by the store's own verbs.
 *
 * Users with one password, all members of one instance; a session of each of the first ones; codes and refresh
 * tokens, each with a grant of its own, of one user after the other. What opens them is written to files in --folder,
 * one a line: users, sessions, codes, refresh-tokens. Shapes, lifetimes and the cost of passwords are the realm's;
 * codes live for an hour, so that they can be made before they are measured. Commits are not synced while filling.
 *
 * Threads: one, and the store's.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mistake.h"
#include "crypto/password.h"
#include "daemon/configuration.h"
#include "identity/session.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

#define ROWS_PER_UNIT 20000
#define CODE_SECONDS  3600
/* Ids tell the time, and many are made at once: they begin so long ago that none is of the future. */
#define HEAD_START_SECONDS 60

struct settings {
    const char *configuration;
    const char *database;
    const char *realm;
    const char *client_id;
    const char *redirect_uri;
    const char *scope;
    const char *password;
    const char *folder;
    size_t user_count;
    size_t session_count;
    size_t code_count;
    size_t refresh_count;
};

struct crowd {
    struct unit unit;
    const struct settings *settings;
    struct arena *arena;
    struct realm *realm;
    struct store *store;
    int64_t now;
    const struct client_row *client;
    int64_t scope_set;
    int64_t instance_id;
    int64_t *user_ids;
    struct str password_hash;
};

/* Rows of one kind; secrets are drawn before the transaction, which may run twice. */
struct batch {
    struct unit unit;
    struct crowd *crowd;
    struct arena *arena;
    size_t first;
    size_t count;
    struct token_draft *drafts;
    struct session_draft *sessions;
    struct digest *submissions;
};

static void fail(const char *what)
{
    fprintf(stderr, "crowd: %s\n", what);
    exit(1);
}

static enum outcome begin(struct unit *unit, struct store_tx *tx)
{
    struct crowd *crowd = (struct crowd *)unit;
    const struct settings *settings = crowd->settings;
    struct client_row *client;
    TRY(realm_row_id(tx, crowd->realm->name, &crowd->realm->id));
    crowd->realm->people.realm_id = crowd->realm->id;
    TRY(client_find(store_tx_reader(tx), crowd->arena, crowd->realm->id, str_of(settings->client_id), &client));
    crowd->client = client;
    if (!client)
        return FAILED;
    struct person_step step = {.arena = crowd->arena, .people = &crowd->realm->people, .now = crowd->now};
    TRY(scope_set_intern(tx, str_of(settings->scope), &crowd->scope_set));
    return instance_register(&step, tx, STR("crowd"), STR("Crowd"), &crowd->instance_id);
}

static struct str username_of(struct arena *arena, size_t number)
{
    return arena_printf(arena, "person-%08zu", number);
}

static enum outcome insert_users(struct unit *unit, struct store_tx *tx)
{
    struct batch *batch = (struct batch *)unit;
    struct crowd *crowd = batch->crowd;
    struct person_step step = {.arena = batch->arena, .people = &crowd->realm->people, .now = crowd->now};
    for (size_t i = batch->first; i < batch->first + batch->count; i++) {
        struct user_draft draft = {.username = username_of(batch->arena, i), .password_hash = crowd->password_hash};
        TRY(user_register(&step, tx, &draft, &crowd->user_ids[i]));
        TRY(user_join(&step, tx, crowd->user_ids[i], crowd->instance_id, STR_NONE));
    }
    return OK;
}

static enum outcome insert_sessions(struct unit *unit, struct store_tx *tx)
{
    struct batch *batch = (struct batch *)unit;
    struct crowd *crowd = batch->crowd;
    for (size_t i = 0; i < batch->count; i++)
        TRY(session_begin(tx, &crowd->realm->people, &batch->sessions[i], crowd->now));
    return OK;
}

static STEP open_grant(struct store_tx *tx, const struct crowd *crowd, size_t number, int64_t *ret_id)
{
    struct grant_row row = {
        .client_id = crowd->client->id,
        .user_id = crowd->user_ids[number % crowd->settings->user_count],
        .instance_id = crowd->instance_id,
        .scope_set = crowd->scope_set,
        .created_at = crowd->now,
    };
    return grant_insert(tx, &row, ret_id);
}

static enum outcome insert_codes(struct unit *unit, struct store_tx *tx)
{
    struct batch *batch = (struct batch *)unit;
    const struct crowd *crowd = batch->crowd;
    for (size_t i = 0; i < batch->count; i++) {
        struct code_row row = {
            .id = store_tx_token_id(tx, crowd->now - HEAD_START_SECONDS),
            .secret_hash = batch->drafts[i].secret_hash,
            .client_id = crowd->client->id,
            .redirect_uri = str_of(crowd->settings->redirect_uri),
            .submission = batch->submissions[i],
            .expires_at = crowd->now + CODE_SECONDS,
            .forget_at = crowd->now + 2 * CODE_SECONDS,
        };
        batch->drafts[i].id = row.id;
        TRY(open_grant(tx, crowd, batch->first + i, &row.grant_id));
        TRY(code_insert(tx, &row));
    }
    return OK;
}

static enum outcome insert_refresh_tokens(struct unit *unit, struct store_tx *tx)
{
    struct batch *batch = (struct batch *)unit;
    const struct crowd *crowd = batch->crowd;
    for (size_t i = 0; i < batch->count; i++) {
        struct refresh_token_row row = {
            .id = store_tx_token_id(tx, crowd->now - HEAD_START_SECONDS),
            .secret_hash = batch->drafts[i].secret_hash,
            .client_id = crowd->client->id,
            .scope_set = crowd->scope_set,
            .expires_at = crowd->now + crowd->realm->refresh_token.lifetime_seconds,
        };
        batch->drafts[i].id = row.id;
        TRY(open_grant(tx, crowd, batch->first + i, &row.grant_id));
        TRY(refresh_token_insert(tx, &row));
    }
    return OK;
}

static struct str write_user(struct batch *batch, size_t i)
{
    return username_of(batch->arena, batch->first + i);
}

static struct str write_session(struct batch *batch, size_t i)
{
    return handle_write(batch->arena, HANDLE_SESSION, &batch->sessions[i].handle);
}

static struct str write_code(struct batch *batch, size_t i)
{
    return token_write(batch->arena, &batch->crowd->realm->code.format, &batch->drafts[i]);
}

static struct str write_refresh_token(struct batch *batch, size_t i)
{
    return token_write(batch->arena, &batch->crowd->realm->refresh_token.format, &batch->drafts[i]);
}

static void draft_nothing(struct batch *batch)
{
    (void)batch;
}

static void draft_sessions(struct batch *batch)
{
    batch->sessions = arena_array(batch->arena, struct session_draft, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        batch->sessions[i] = (struct session_draft){.user_id = batch->crowd->user_ids[batch->first + i],
                                                    .factors = FACTOR_PASSWORD,
                                                    .client_address = STR("127.0.0.1"),
                                                    .user_agent = STR("")};
        handle_draw(batch->arena, &batch->sessions[i].handle);
    }
}

static void draft_tokens(struct batch *batch, const struct token_format *format)
{
    batch->drafts = arena_array(batch->arena, struct token_draft, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        token_draft_random(batch->arena, format, &batch->drafts[i]);
}

static void draft_codes(struct batch *batch)
{
    draft_tokens(batch, &batch->crowd->realm->code.format);
    batch->submissions = arena_array(batch->arena, struct digest, batch->count);
    random_bytes(batch->submissions, sizeof(struct digest) * batch->count);
}

static void draft_refresh_tokens(struct batch *batch)
{
    draft_tokens(batch, &batch->crowd->realm->refresh_token.format);
}

/* What the crowd is made of, in this order. */
struct kind {
    const char *file;
    void (*draft)(struct batch *batch);
    enum outcome (*insert)(struct unit *unit, struct store_tx *tx);
    struct str (*write)(struct batch *batch, size_t i);
};

static void fill_batch(struct crowd *crowd, const struct kind *kind, size_t first, size_t count, FILE *file)
{
    struct arena *arena = arena_create();
    struct batch batch = {.unit.apply = kind->insert, .crowd = crowd, .arena = arena, .first = first, .count = count};
    kind->draft(&batch);
    if (store_run(crowd->store, &batch.unit) != OK)
        fail(kind->file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%.*s\n", STR_ARGS(kind->write(&batch, i)));
    arena_destroy(arena);
}

static void fill_kind(struct crowd *crowd, const struct kind *kind, size_t count)
{
    FILE *file = fopen(arena_printf(crowd->arena, "%s/%s", crowd->settings->folder, kind->file).ptr, "w");
    if (!file)
        fail("cannot write into the folder");
    for (size_t at = 0; at < count; at += ROWS_PER_UNIT)
        fill_batch(crowd, kind, at, count - at < ROWS_PER_UNIT ? count - at : ROWS_PER_UNIT, file);
    if (fclose(file))
        fail("cannot write into the folder");
}

static double now_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* And tells what one costs: the least of some, since nothing else runs in this thread. */
static void hash_password(struct crowd *crowd)
{
    const struct people_policy *people = &crowd->realm->people;
    const struct password_cost cost = {people->password_memory_bytes, people->password_iterations};
    double least_ms = 1e9;
    for (int i = 0; i < 10; i++) {
        double began_ms = now_ms();
        crowd->password_hash = password_hash(crowd->arena, str_of(crowd->settings->password), &cost);
        double span_ms = now_ms() - began_ms;
        least_ms = span_ms < least_ms ? span_ms : least_ms;
    }
    if (crowd->password_hash.len == 0)
        fail("no memory for a password");
    printf("{\"memory_bytes\": %zu, \"iterations\": %u, \"milliseconds\": %.2f}\n", cost.memory_bytes,
           cost.iterations, least_ms);
}

static void fill(struct crowd *crowd)
{
    static const struct kind users = {"users", draft_nothing, insert_users, write_user};
    static const struct kind sessions = {"sessions", draft_sessions, insert_sessions, write_session};
    static const struct kind codes = {"codes", draft_codes, insert_codes, write_code};
    static const struct kind refresh_tokens = {"refresh-tokens", draft_refresh_tokens, insert_refresh_tokens,
                                               write_refresh_token};
    const struct settings *settings = crowd->settings;
    hash_password(crowd);
    crowd->user_ids = arena_array(crowd->arena, int64_t, settings->user_count);
    crowd->unit.apply = begin;
    if (store_run(crowd->store, &crowd->unit) != OK)
        fail("no such client, or the database has a crowd already");
    fill_kind(crowd, &users, settings->user_count);
    fill_kind(crowd, &sessions, settings->session_count);
    fill_kind(crowd, &codes, settings->code_count);
    fill_kind(crowd, &refresh_tokens, settings->refresh_count);
}

static struct realm *find_realm(const struct configuration *configuration, const char *name)
{
    for (size_t i = 0; i < configuration->realm_count; i++)
        if (str_equal(configuration->realms[i].name, str_of(name)))
            return &configuration->realms[i];
    fail("no such realm");
    return NULL;
}

static void run(const struct settings *settings, struct arena *arena)
{
    struct str error = STR_NONE;
    struct store_options options = {.path = settings->database, .is_without_sync = true};
    struct mistakes mistakes;
    mistakes_init(&mistakes, arena_create());
    struct configuration *configuration = configuration_load(settings->configuration, &mistakes);
    if (!configuration)
        fail("the configuration has mistakes");
    struct crowd crowd = {.settings = settings, .arena = arena, .now = clock_now()};
    crowd.realm = find_realm(configuration, settings->realm);
    crowd.store = store_open(&options, arena, &error);
    if (!crowd.store)
        fail(arena_cstr(arena, error));
    fill(&crowd);
    store_close(crowd.store);
    configuration_destroy(configuration);
}

static void show_usage(void)
{
    fputs("usage: crowd --configuration FILE --database FILE --realm NAME --client-id ID --redirect-uri URI\n"
          "             --scope TEXT --password TEXT --folder DIR --users N --sessions N --codes N --refresh-tokens "
          "N\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    const char *user_count = "0", *session_count = "0", *code_count = "0", *refresh_count = "0";
    const struct {
        struct option option;
        const char **place;
    } rows[] = {
        {{"configuration", required_argument, NULL, 0}, &settings.configuration},
        {{"database", required_argument, NULL, 0}, &settings.database},
        {{"realm", required_argument, NULL, 0}, &settings.realm},
        {{"client-id", required_argument, NULL, 0}, &settings.client_id},
        {{"redirect-uri", required_argument, NULL, 0}, &settings.redirect_uri},
        {{"scope", required_argument, NULL, 0}, &settings.scope},
        {{"password", required_argument, NULL, 0}, &settings.password},
        {{"folder", required_argument, NULL, 0}, &settings.folder},
        {{"users", required_argument, NULL, 0}, &user_count},
        {{"sessions", required_argument, NULL, 0}, &session_count},
        {{"codes", required_argument, NULL, 0}, &code_count},
        {{"refresh-tokens", required_argument, NULL, 0}, &refresh_count},
    };
    enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
    struct option options[ROW_COUNT + 1] = {0};
    int index;
    int option;
    for (size_t i = 0; i < ROW_COUNT; i++)
        options[i] = rows[i].option;
    while ((option = getopt_long(argc, argv, "", options, &index)) == 0)
        *rows[index].place = optarg;
    settings.user_count = strtoul(user_count, NULL, 10);
    settings.session_count = strtoul(session_count, NULL, 10);
    settings.code_count = strtoul(code_count, NULL, 10);
    settings.refresh_count = strtoul(refresh_count, NULL, 10);
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!*rows[i].place)
            show_usage();
    if (option != -1 || optind != argc || settings.user_count == 0 || settings.session_count > settings.user_count)
        show_usage();
    struct arena *arena = arena_create();
    run(&settings, arena);
    arena_destroy(arena);
    return 0;
}
